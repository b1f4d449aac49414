"""Every dialog of a page opened in headless Chromium, in both languages: no violation by axe, and it fits a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.messages import message, packed
from gisgrid.core.plans import township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.people.learning import drafts
from gisgrid.people.tokens import add_token
from gisgrid.planning.snapshot.fetch import today
from tests.support.database import own_database
from tests.support.lists import DAYS, GRID, fill_lists
from tests.support.looks import AXE, faults
from tests.support.office import able
from tests.support.web import ROOT, app_over, chromium, close, served, session_cookie

pytestmark = pytest.mark.browser

PAGES = {
    "components": "/components", "emergency": "/dispatch/emergency", "jobs": "/office/jobs", "import": "/office/import/{file}",
    "matter-lists": "/matters/versions", "matter-draft": "/matters/versions/draft", "team": f"/office/teams/{GRID}",
    "subjects": "/office/subjects", "corrections": "/office/corrections", "retention": "/office/retention",
    "means-one": "/office/means/{means}", "backups": "/office/backups", "issued": "/office/documents/D1",
    "account": "/office/accounts/{helper}", "channels": "/office/channels", "issuing-draft": "/office/drafts/{draft}",
    "aliases": "/register/aliases", "supplements": "/matters/supplements", "issuing": "/office/documents", "collection": "/office/collections/1",
}  # fmt: skip
"""Template with a dialog, and where it stands."""
OPEN = """async () => {
  const found = [];
  for (const each of document.querySelectorAll("main details")) each.open = true;
  for (const each of document.querySelectorAll("dialog")) {
    each.showModal();
    const {violations} = await axe.run(each);
    const box = each.getBoundingClientRect();
    const small = [...each.querySelectorAll("button, input:not([type=hidden]), select, a")].filter((e) => Math.min(e.offsetWidth, e.offsetHeight) < 24);
    found.push([each.id, violations.map((v) => v.id + ": " + v.nodes[0].html.slice(0, 160)),
      box.left < 0 || box.right > innerWidth + 0.5 || box.top < 0 || box.bottom > innerHeight + 0.5, small.map((e) => e.outerHTML.slice(0, 80))]);
    each.close();
  }
  return found;
}"""
_MORE = """
UPDATE matter_list SET validity = daterange('2020-01-01', NULL) WHERE validity IS NOT NULL;
INSERT INTO matter (list_id, parent_id, code, name, consent, during)
SELECT list_id, id, 'T1', '排查', '某文', daterange(current_date - 1, current_date + 9) FROM matter
WHERE parent_id IS NULL ORDER BY id LIMIT 1;
INSERT INTO matter_list (township_id, version) SELECT area_id, '草' FROM township;
INSERT INTO job (plan_id, kind, options, who) SELECT id, 'rebalance', '{}', '测试' FROM plan WHERE state = 'draft';
INSERT INTO subject_request (township_id, resident_id, noted_by, due_on, state, answer, made_at, gone_on)
SELECT township_id, id, '测', current_date + 9, CASE WHEN row_number() OVER (ORDER BY id) = 1 THEN 'asked' ELSE 'ready' END,
       CASE WHEN row_number() OVER (ORDER BY id) = 1 THEN NULL ELSE 'x'::bytea END, now(), current_date + 3
FROM (SELECT * FROM resident ORDER BY id LIMIT 2) r;
INSERT INTO office_job (township_id, kind, account_id, who, state, ended_at, result)
SELECT t.area_id, 'retention_try', k.id, '测', 'done', now(), jsonb_build_object('as_of', today_in(t.area_id)::text,
    'lines', '[{"table": "visit", "deleted": 3, "emptied": 0}]'::jsonb, 'history_deleted', 0, 'positions',
    '{"positions": 0, "totals": 0, "first_kept": "2023-04-17"}'::jsonb, 'values', 0, 'searched', '[]'::jsonb, 'left', 0,
    'backups', '[]'::jsonb, 'kept_databases', '[]'::jsonb)
FROM township t, account k WHERE k.name = 'government';
INSERT INTO outbox_channel (township_id, channel, addressed, config)
SELECT area_id, 'webhook', false, '{"url": "https://gateway.example/", "template": "plain"}' FROM township;
UPDATE account SET tf_primary_method = 'authenticator' WHERE name = 'helper'
"""


def asking_town(session: Session) -> dict[str, int]:
    """Town F with something on each page that asks before it does it; row numbers."""
    made = fill_lists(session)
    place = township(session)
    session.execute(
        text(
            "INSERT INTO role_right VALUES ('township_government', 'dispatch') ON CONFLICT DO NOTHING"
        )
    )
    made["helper"] = able(session, "helper", "community_clerk", "999901001207")
    add_token(session, "helper", "脚本", ["see_houses"], days=9)
    made["draft"] = drafts.send(
        session, place.id, "D2", title="征求意见", file_name="b.txt", content="稿".encode(), day=today(place),
        answer_by=today(place), who="测",
    )  # fmt: skip
    for statement in _MORE.split(";\n"):
        session.execute(text(statement))
    made["scenario"] = session.scalar(text("SELECT id FROM plan WHERE state = 'draft'")) or 0
    made["means"] = session.scalar(text("SELECT min(id) FROM means")) or 0
    made["file"] = (
        session.scalar(
            text(
                "INSERT INTO file_import (township, kind, file_name, size, sha256, account_id, asked_by, who, state, task, failed) "
                "VALUES (:t, 'visits', '虚构名单.csv', 1, 'x', :a, :a, 'government', 'failed', 'look', :why) RETURNING id"
            ),
            {
                "t": place.code,
                "a": made["government"],
                "why": packed(message("{file} is empty.", file="a.csv")),
            },
        )
        or 0
    )
    return made


@pytest.fixture(scope="module")
def town(cluster: Cluster, town_template: str) -> Iterator[tuple[str, dict[str, int], str]]:
    with own_database(cluster, town_template, "dialogs") as engine:
        with transaction(engine) as session:
            made = asking_town(session)
        app = app_over(engine)
        with served(app) as host:
            yield host, made, session_cookie(app, engine, made["government"])
            close(app)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def entered(browser: Browser, host: str, cookie: str, **more: str) -> Page:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    name, _, value = cookie.partition("=")
    context.add_cookies(
        [{"name": n, "value": v, "url": host} for n, v in {name: value, **more}.items()]
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


def test_each_template_with_a_dialog_is_opened_here():
    found = {
        path.stem for path in (ROOT / "web").rglob("templates/*.html")
        if re.search(r"ui\.(dialog|sure)\(", path.read_text(encoding="utf-8"))
    }  # fmt: skip
    assert found == set(PAGES)


def test_axe_finds_no_violation_in_an_open_dialog_and_it_fits_a_phone(
    browser: Browser, town: tuple[str, dict[str, int], str]
):
    host, made, cookie = town
    page = entered(browser, host, cookie)
    wrong, opened = [], 0
    for name, path in PAGES.items():
        for lang in ("en", "zh"):
            answer = page.goto(f"{host}{path.format(**made)}?lang={lang}", wait_until="load")
            assert answer is not None and answer.ok, (name, answer and answer.status)
            page.evaluate(AXE.read_text())
            dialogs = page.evaluate(OPEN)
            assert dialogs, f"no dialog stands on {name}"
            opened += len(dialogs)
            wrong += [(name, lang, *each) for each in dialogs if any(each[1:])]
    page.context.close()
    assert wrong == []
    assert opened >= 2 * len(PAGES)


def test_board_map_and_figures_are_large_for_who_wants_it(
    browser: Browser, town: tuple[str, dict[str, int], str]
):
    host, _, cookie = town
    page = entered(browser, host, cookie, density="elder")
    found: dict[str, object] = {}
    for path in ("/dispatch", "/map", "/figures?since=2022-09-01&until=2023-08-31"):
        found |= faults(page, host, path, "zh")
        assert page.evaluate("document.documentElement.dataset.density") == "elder"
    assert found == {}
    # Their tools opened, and the account's menu at a desk.
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{host}/map?lang=en", wait_until="load")
    page.click(".shell-account summary")
    page.evaluate(AXE.read_text())
    assert [v["id"] for v in page.evaluate("axe.run(document)")["violations"]] == []
    page.set_viewport_size({"width": 360, "height": 740})
    page.click(".shell-menu summary")
    assert [v["id"] for v in page.evaluate("axe.run(document)")["violations"]] == []
    page.context.close()


def amiss(page: Page) -> list[tuple[str, str]]:
    """What axe finds on the page as it stands, each with the first place."""
    found = page.evaluate('axe.run(document, { resultTypes: ["violations"] })')["violations"]
    return [(each["id"], each["nodes"][0]["html"][:160]) for each in found]


def opened_at(page: Page, address: str) -> None:
    page.goto(address, wait_until="load")
    if page.locator(".leaflet-container").count():
        page.wait_for_selector("html[data-ready=true]")
    page.evaluate(AXE.read_text())


def editor_tools(page: Page) -> Iterator[str]:
    """Each tool of the plan editor, with its hint; a grid chosen, a new one drawn up to its name; all parts unfolded."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    yield "unfolded"
    page.evaluate("gisgrid.editor.select(gisgrid.editor.view.grids[0].code)")
    page.wait_for_selector("#card:not([hidden])")
    yield "a grid"
    hints = set()
    for tool in ("give", "house", "split", "merge", "lock", "draw"):
        page.click(f"[data-tool={tool}]")
        hints.add(page.inner_text("#hint"))
    assert len(hints) == 6
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for dx, dy in ((0, 0), (60, 0), (60, 60)):
        page.mouse.click(x + dx, y + dy)
    page.mouse.dblclick(x, y + 60)
    page.wait_for_selector("#named:not([hidden])")
    yield "draw"


def map_tools(page: Page) -> Iterator[str]:
    page.click("#plan summary")
    yield "plans"
    page.click("#plan summary")
    for choice in page.locator("#planner-modes label, #planner-modes button").all():
        choice.click()
    yield "planner"
    page.set_viewport_size({"width": 360, "height": 740})
    page.click("#toggle")
    yield "legend on a phone"


def board_tools(page: Page) -> Iterator[str]:
    page.locator("#rows li input[type=checkbox]").first.check()
    page.wait_for_selector("#bulk:not([hidden])")
    yield "chosen"
    page.check("#borders")
    page.check("[name=look][value=heat]")
    page.select_option("#width", "30")
    yield "looks of the map"


def figures_tools(page: Page) -> Iterator[str]:
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    yield "unfolded"


TOOLS = {
    "/plan/{scenario}": editor_tools, "/map": map_tools, "/dispatch?state=all": board_tools,
    f"/figures?{DAYS}": figures_tools,
}  # fmt: skip


@pytest.mark.parametrize("path", TOOLS)
def test_axe_finds_no_violation_where_tools_are_open(
    browser: Browser, town: tuple[str, dict[str, int], str], path: str
):
    host, made, cookie = town
    page = entered(browser, host, cookie)
    wrong, steps = [], 0
    for lang in ("en", "zh"):
        page.set_viewport_size({"width": 1440, "height": 900})
        opened_at(page, f"{host}{path.format(**made)}{'&' if '?' in path else '?'}lang={lang}")
        for step in TOOLS[path](page):
            steps += 1
            wrong += [(lang, step, *each) for each in amiss(page)]
    page.context.close()
    assert wrong == [] and steps > 1


def test_what_is_ticked_and_then_filtered_out_is_sent(
    browser: Browser, town: tuple[str, dict[str, int], str]
):
    host, _, cookie = town
    page = entered(browser, host, cookie)
    page.goto(f"{host}/components?lang=en", wait_until="load")
    page.evaluate(
        "() => { for (const row of document.querySelectorAll('table[data-filter] tbody tr')) "
        "row.cells[0].append(Object.assign(document.createElement('input'), {type: 'checkbox', name: 'entry'})); }"
    )
    page.locator("table[data-filter] tbody tr input").first.check()
    page.fill(".table-tools input[type=search]", "nothing is called so")
    kept = page.locator("table[data-filter] tbody tr:has(input:checked)")
    assert kept.count() == 1 and kept.is_hidden()
    page.fill(".table-tools input[type=search]", "")
    assert kept.is_visible()
    page.context.close()
