"""The planner's pages by hand, on a small town: what is left stops, which click is a corner, one key of colours."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
import pytest
import shapely
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text

from gisgrid.core.crs import to_metric
from gisgrid.core.plans import plan_by_id, township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.jobs import quick, studies
from gisgrid.planning.editor import scenarios
from gisgrid.planning.editor.editors import Editors
from gisgrid.planning.snapshot.fetch import today
from layers.deviation import legend
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.looks import picture
from tests.support.waiting import eventually
from tests.support.web import Town, Visit, app_over, chromium, fill_town, served, visit

pytestmark = pytest.mark.browser
NAMES = count(1)


@pytest.fixture(scope="module")
def store(cluster: Cluster, template: str) -> Iterator[tuple[Engine, Town]]:
    """Eighteen square grids, two a community; one house with far more people than the others."""
    with own_database(cluster, template, "by_hand") as engine:
        with transaction(engine) as session:
            town = fill_town(session, columns=6, rows=3, houses=240, events=20)
            session.execute(
                text(
                    "INSERT INTO resident (township_id, code, household_id, name) "
                    "SELECT township_id, 'R0-' || n, id, '测试' || n FROM household, "
                    "generate_series(1, 40) n WHERE id = 1"
                )
            )
        yield engine, town


@pytest.fixture(scope="module")
def app(store: tuple[Engine, Town]) -> Flask:
    with transaction(store[0]) as session:
        planner = appointed(session, "planner")
    return app_over(store[0], account=planner)


@pytest.fixture(scope="module")
def host(app: Flask) -> Iterator[str]:
    with served(app) as host:
        yield host


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def seen(browser: Browser, host: str) -> Iterator[Visit]:
    with visit(browser, host, width=1440, height=900) as seen:
        yield seen
        assert (seen.failures, seen.elsewhere) == ([], [])


@pytest.fixture
def draft(store: tuple[Engine, Town]) -> int:
    engine, town = store
    with transaction(engine) as session:
        plan = plan_by_id(session, town.plan_id)
        return scenarios.branch(session, plan, name=f"草案{next(NAMES)}", who="甲").id


def state_of(engine: Engine, kind: str, plan: int) -> str | None:
    with transaction(engine, read_only=True) as session:
        asked = {"kind": kind, "plan": plan}
        state: str | None = session.scalar(
            text("SELECT state FROM job WHERE kind = :kind AND plan_id = :plan"), asked
        )
        return state


def test_a_job_whose_page_is_left_is_cancelled(
    seen: Visit, store: tuple[Engine, Town], draft: int, monkeypatch: pytest.MonkeyPatch
):
    """While it runs: the worker stops at its next step, and the checks are never counted to their end."""
    engine, page = store[0], seen.page
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()

    def check(work: quick.Work) -> dict[str, Any]:
        begun.set()
        assert go.wait(60)
        work.tell(1, 2, "counting")
        ended.set()
        return {}

    monkeypatch.setitem(quick.KINDS, "check", check)
    seen.open(f"/plan/{draft}")
    page.click("#checks-section summary")
    page.click("#check")
    page.wait_for_selector("#checks progress")
    with transaction(engine, read_only=True) as session:
        number = session.scalar(text("SELECT id FROM job WHERE plan_id = :p"), {"p": draft})
    working = threading.Thread(target=quick.run, args=(engine, Editors(), number))
    working.start()
    try:
        assert begun.wait(60) and state_of(engine, "check", draft) == "running"
        page.goto(f"{seen.host}/plan/")
        assert eventually(lambda: state_of(engine, "check", draft) == "cancelled")
    finally:
        go.set()
        working.join()
    assert not ended.is_set() and state_of(engine, "check", draft) == "cancelled"


def test_what_the_worker_does_for_the_page_can_be_cancelled(
    seen: Visit, store: tuple[Engine, Town], draft: int
):
    """Nothing else can be begun meanwhile, but "Cancel" can be pressed, and Escape does not hide it."""
    engine, page = store[0], seen.page
    with transaction(engine) as session:
        number = session.scalar(
            text(
                "INSERT INTO job (plan_id, kind, state, options, who, result) VALUES (:p, 'rebalance', "
                "'done', '{}', '甲', '{\"moves\": [], \"reasons\": [], \"version\": 0}') RETURNING id"
            ),
            {"p": draft},
        )
    seen.open(f"/plan/{draft}")
    page.evaluate("(job) => { void gisgrid.editor.look({ kind: 'rebalance', job }); }", number)
    page.wait_for_selector("#live progress")
    page.keyboard.press("Escape")
    assert page.evaluate("document.getElementById('filter').closest('[inert]') !== null")
    page.click("#live button", timeout=5_000)
    expect(page.locator("#live")).to_be_hidden()
    assert state_of(engine, "show", draft) == "cancelled"
    expect(page.locator("html.saving")).to_have_count(0)


def test_the_card_of_the_only_grid_of_a_community_says_what_there_is(seen: Visit, draft: int):
    page = seen.page
    seen.open(f"/plan/{draft}")
    west, east = pair(page)
    merge = {"kind": "merge", "into": west["code"], "gone": east["code"]}
    page.evaluate("(edit) => gisgrid.editor.keep(edit)", merge)
    expect(page.locator("html[data-version='1']")).to_be_attached()
    page.evaluate("(code) => gisgrid.editor.select(code)", west["code"])
    expect(page.locator("#card .parts")).to_be_visible()
    assert "null" not in page.inner_text("#card")


def test_a_border_in_hand_is_let_go_as_it_was(seen: Visit, draft: int):
    """Keys are the border's only where the map is meant; whatever ends it, what was not kept is as it was."""
    page, keys = seen.page, seen.page.keyboard
    seen.open(f"/plan/{draft}")
    west, _ = pair(page)
    line = "gisgrid.editor.line?.getLatLngs().map((p) => [p.lng, p.lat])"
    drawn = (
        "[...gisgrid.editor.arcs.of.values()].map((l) => l.getLatLngs().map((p) => [p.lng, p.lat]))"
    )
    # Taken by the pointer: Escape lets it go.
    page.evaluate(
        "() => { const desk = gisgrid.editor; [...desk.arcs.of.values()].find((l) => l.arc.movable).fire('click'); }"
    )
    assert page.evaluate(line)
    keys.press("Escape")
    assert page.evaluate("gisgrid.editor.line") is None
    # Taken out of the card, with another tool in hand: it is that of borders by then.
    page.evaluate("(code) => gisgrid.editor.select(code)", west["code"])
    page.click("[data-tool=merge]")
    page.locator("#card .border").first.focus()
    keys.press("Enter")
    assert page.evaluate("gisgrid.editor.tool") == "drag"
    keys.press("Escape")
    assert page.evaluate("gisgrid.editor.line") is None
    # What is not kept goes with the border: another tool, and arrows in the table move no corner.
    keys.press("Enter")
    was = page.evaluate(line)
    page.check("#snap")
    page.locator("#card .border").first.focus()
    with page.expect_response(lambda answer: answer.url.endswith("/preview")) as told:
        keys.press("ArrowUp")
    assert told.value.request.post_data_json["edit"]["snap_m"] == 0, "a metre is a metre"
    moved = page.evaluate(line)
    assert moved != was
    keys.press("CapsLock")
    keys.press("Shift+G")
    keys.press("ArrowDown")
    assert page.evaluate(line) == moved, "the arrow was the table's"
    page.click("[data-tool=merge]")
    assert was in page.evaluate(drawn) and moved not in page.evaluate(drawn)


def on_screen(page: Page, place: list[float]) -> tuple[float, float]:
    x, y = page.evaluate(
        """(at) => { const p = gisgrid.town.latLngToContainerPoint([at[1], at[0]]);
             const box = gisgrid.town.getContainer().getBoundingClientRect();
             return [p.x + box.x, p.y + box.y]; }""",
        place,
    )
    return float(x), float(y)


def pair(page: Page) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two basic grids side by side in one community, the western first, as west, south, east, north."""
    found: list[dict[str, Any]] = page.evaluate(
        """() => { const desk = gisgrid.editor, arc = desk.view.arcs.find((arc) => arc.movable
               && arc.grids.every((code) => desk.grid(code).kind === "basic"));
             return arc.grids.map((code) => { const b = desk.grids.of.get(code).getBounds();
               return { code, box: [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()] }; })
               .sort((a, b) => a.box[0] - b.box[0]); }"""
    )
    return found[0], found[1]


def at(grid: dict[str, Any], x: float, y: float) -> list[float]:
    """A place in a grid, by shares of its width and height."""
    west, south, east, north = grid["box"]
    return [west + x * (east - west), south + y * (north - south)]


def taken_up(seen: Visit, draft: int, tool: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The editor over two grids, with a tool taken up before a grid is chosen."""
    seen.open(f"/plan/{draft}")
    west, east = pair(seen.page)
    seen.look(*at(west, 1, 0.5), 16)
    seen.page.click(f"[data-tool={tool}]")
    expect(seen.page.locator("#hint")).to_contain_text("请")
    return west, east


def edit_of(seen: Visit, work: Any) -> dict[str, Any]:
    """The edit that the page has kept by what somebody does."""
    with seen.page.expect_response(lambda answer: answer.url.endswith("/edit")) as told:
        work()
    assert told.value.ok, told.value.text()
    edit: dict[str, Any] = told.value.request.post_data_json["edit"]
    return edit


@pytest.mark.parametrize("tool", ["split", "give"])
def test_the_click_that_chooses_a_grid_is_no_corner(seen: Visit, draft: int, tool: str):
    page = seen.page
    west, _ = taken_up(seen, draft, tool)
    page.mouse.click(*on_screen(page, at(west, 0.4, 0.4)))
    expect(page.locator("#card h2")).to_be_visible()
    assert page.evaluate("gisgrid.editor.selected") == west["code"]
    assert page.evaluate("gisgrid.town.pm.globalDrawModeEnabled()")
    assert page.locator(".marker-icon:not(.cursor-marker)").count() == 0
    shares = (
        [(-0.05, 0.5), (1.05, 0.5)] if tool == "split"
        else [(0.95, 0.05), (1.5, 0.05), (1.5, 0.95), (0.95, 0.95)]
    )  # fmt: skip
    corners = [at(west, *share) for share in shares]
    for corner in corners:
        page.mouse.click(*on_screen(page, corner))

    def finish() -> None:
        page.mouse.click(*on_screen(page, corners[0 if tool == "give" else -1]))
        if tool == "split":
            page.fill("#named input[name=name]", "新分网格")
            page.click("#named button:not([type])")

    edit = edit_of(seen, finish)
    drawn = edit["line" if tool == "split" else "polygon"]
    # As many corners as were clicked, each where it was: a pixel is a metre and a half.
    assert len(drawn) == len(corners)
    assert [x for corner in drawn for x in corner] == pytest.approx(
        [x for corner in corners for x in corner], abs=3e-5
    )
    assert edit["grid" if tool == "split" else "to"] == west["code"]


def test_the_click_that_chooses_a_grid_gives_no_house(
    seen: Visit, store: tuple[Engine, Town], draft: int
):
    """On a house: the first click says to which grid, the second one which house."""
    page = seen.page
    west, east = taken_up(seen, draft, "house")
    with transaction(store[0], read_only=True) as session:
        houses = {
            row.code: row
            for row in session.execute(
                text(
                    "SELECT DISTINCT ON (g.code) g.code, h.id, ST_X(h.geom) AS x, ST_Y(h.geom) AS y "
                    "FROM house h JOIN house_grid o ON o.house_id = h.id JOIN grid g ON g.id = o.grid_id "
                    "WHERE o.plan_id = :p AND g.code IN (:a, :b) "
                    "ORDER BY g.code, abs(ST_X(h.geom) - :border)"
                ),
                {"p": draft, "a": west["code"], "b": east["code"], "border": at(west, 1, 0)[0]},
            )
        }
    own, other = houses[west["code"]], houses[east["code"]]
    # Both in sight: the table takes its room below the map.
    seen.look((own.x + other.x) / 2, (own.y + other.y) / 2, 17)
    page.mouse.click(*on_screen(page, [own.x, own.y]))
    expect(page.locator("#card h2")).to_be_visible()
    assert page.evaluate("gisgrid.editor.selected") == west["code"]
    assert page.locator("#notice").is_hidden()
    edit = edit_of(seen, lambda: page.mouse.click(*on_screen(page, [other.x, other.y])))
    assert edit == {"kind": "give", "house": other.id, "to": west["code"]}
    # The answer came; the page has yet to take it in.
    expect(page.locator("html[data-version='1']")).to_be_attached()


def test_a_plan_is_drawn_by_keyboard_alone(seen: Visit, draft: int):  # noqa: PLR0915 - one story
    """A grid out of the table, a border out of its card, a corner by metres; the pointer is never used."""
    page = seen.page
    seen.open(f"/plan/{draft}")
    page.evaluate(
        "() => { window.pointed = 0; document.addEventListener('pointerdown', () => { window.pointed += 1; }, true); }"
    )
    keys = page.keyboard
    keys.press("?")
    expect(page.locator("dialog.keys-help")).to_contain_text("移动拐点 1 米，按住 Shift 移动 10 米")
    keys.press("Escape")
    expect(page.locator("dialog.keys-help")).to_have_count(0)
    # The table: sorted by number, its sums the township's.
    held = "gisgrid.editor.view.grids.reduce((n, g) => n + g.residents, 0)"
    foot = page.locator("#grids-table tfoot tr")
    expect(foot.first).to_contain_text("18 个网格中的 18 个")
    figures = page.evaluate("gisgrid.editor.view.figures")
    bare, inside = figures["uncovered_residents"], page.evaluate(held)
    told = [foot.nth(k).locator("td").nth(2).inner_text() for k in range(3)]
    assert told == [f"{inside:,}", f"{bare:,}", f"{inside + bare:,}"]
    keys.press("/")
    name = page.evaluate("gisgrid.editor.view.grids[2].name")
    keys.type(name)
    assert page.locator("#grids-table tbody tr").first.inner_text().startswith(name)
    assert page.locator("#grids-table tbody tr").count() < 18
    keys.press("Control+a")
    keys.press("Delete")
    expect(page.locator("#grids-table tbody tr")).to_have_count(18)
    keys.press("Shift+Tab")  # out of the field, where letters are letters
    # A grid that has a border to be moved, by arrows and Enter.
    wanted = page.evaluate(
        "gisgrid.editor.view.arcs.find((a) => a.movable && a.grids.every((c) => gisgrid.editor.grid(c).kind === 'basic')).grids[0]"
    )
    keys.press("g")
    for _ in range(18):
        if page.evaluate("document.activeElement.closest('tr').dataset.code") == wanted:
            break
        keys.press("ArrowDown")
    keys.press("Enter")
    assert page.evaluate("gisgrid.editor.selected") == wanted
    expect(page.locator("#grids-table tr[aria-current]")).to_have_attribute("data-code", wanted)
    assert page.evaluate(
        "(code) => gisgrid.town.getBounds().contains(gisgrid.editor.grids.of.get(code).getBounds())",
        wanted,
    )
    keys.press("b")
    keys.press("Enter")
    keys.press("i")  # a corner in the middle of a straight border
    line = "gisgrid.editor.line.getLatLngs().map((p) => [p.lng, p.lat])"
    straight = page.evaluate(line)
    middle = int(page.get_attribute("html", "data-corner") or 0)
    keys.press("ArrowRight")
    east = page.evaluate(line)
    assert metres(straight[middle], east[middle]) == pytest.approx((1, 0), abs=0.02)
    keys.press("Shift+ArrowUp")
    north = page.evaluate(line)
    assert metres(east[middle], north[middle]) == pytest.approx((0, 10), abs=0.2)
    assert [c for k, c in enumerate(north) if k != middle] == [
        c for k, c in enumerate(straight) if k != middle
    ]
    page.wait_for_selector("#live table")
    before = page.inner_text("#grids-table tbody")
    edit = edit_of(seen, lambda: keys.press("Enter"))
    ((corners),) = edit["arcs"].values()
    assert edit["kind"] == "drag" and corners[middle] == pytest.approx(north[middle], abs=1e-7)
    expect(page.locator("html[data-version='1']")).to_be_attached()
    expect(page.locator(".border:focus")).to_have_count(1)
    assert page.inner_text("#grids-table tbody") != before, "the rows follow"
    # What is not kept is as it was.
    keys.press("Enter")
    was = page.evaluate(line)
    keys.press("ArrowLeft")
    keys.press("Escape")
    assert page.evaluate("gisgrid.editor.view.version") == 1
    drawn = page.evaluate(
        "[...gisgrid.editor.arcs.of.values()].map((l) => l.getLatLngs().map((p) => [p.lng, p.lat]))"
    )
    assert was in drawn
    keys.press("Control+z")
    expect(page.locator("html[data-version='2']")).to_be_attached()
    # Tools and table fold, and nothing lies over the map.
    keys.press("d")
    expect(page.locator("#grids-table")).to_be_hidden()
    keys.press("t")
    expect(page.locator("#panel")).to_be_hidden()
    assert page.evaluate("window.pointed") == 0
    assert page.evaluate(OVER) == []


def test_colours_layers_and_the_map_at_each_width(
    seen: Visit, store: tuple[Engine, Town], draft: int
):
    page = seen.page
    seen.open(f"/plan/{draft}")
    # By houses: each grid in the colour that the legend has for its number.
    page.select_option("#colour-by", "houses")
    expect(page.locator("#legend-title")).to_have_text("房屋")
    lines = page.evaluate(KEY, "legend")
    fills = page.evaluate(f"({FILLS})(gisgrid.editor.grids)")
    held = page.evaluate(
        "Object.fromEntries(gisgrid.editor.view.grids.map((g) => [g.code, g.houses]))"
    )

    def of(count: int, lines: list[list[str]]) -> str:
        return next(
            colour for colour, words in lines
            if int(words.split(" – ")[0]) <= count <= int(words.split(" – ")[-1])
        )  # fmt: skip

    assert fills == {code: of(count, lines) for code, count in held.items()}
    assert len(set(fills.values())) > 2
    # Two grids made one hold more than any did: the legend has a place for it.
    west, east = pair(page)
    row = page.locator(f"#grids-table tr[data-code='{west['code']}'] th[scope=row] button")
    row.focus()
    merge = {"kind": "merge", "into": west["code"], "gone": east["code"]}
    page.evaluate("(edit) => gisgrid.editor.keep(edit)", merge)
    expect(page.locator("html[data-version='1']")).to_be_attached()
    expect(row).to_be_focused()
    both = held[west["code"]] + held[east["code"]]
    assert both > max(held.values()), "the town was made so"
    now = page.evaluate(KEY, "legend")
    assert now != lines and now[-1][1].endswith(str(both))
    assert page.evaluate(f"({FILLS})(gisgrid.editor.grids)")[west["code"]] == of(both, now)
    page.select_option("#colour-by", "deviation")
    expect(page.locator("#legend-title")).to_contain_text("工作量")
    # An empty tolerance is the one it began with; what the bar compares with, and leaves out, is said.
    page.fill("#tolerance", "")
    expect(page.locator("#figure-outside dt")).to_have_text("超出 ±1.0 % 的网格")
    expect(page.locator("#figures-from")).to_be_hidden()
    page.evaluate(
        "() => { const { view } = gisgrid.editor; Object.assign(view.figures, { unserved_grids: 2, unserved_minutes: 1234.4 });"
        " gisgrid.editor.show({ ...view, stale: true }); }"
    )
    expect(page.locator("#figures-from")).to_have_text("箭头前为本方案所依据的“2022年方案”的数值。")
    expect(page.locator("#figure-gini")).to_contain_text("未计 2 个无人在岗的网格（1,234 分钟）")
    # Layers go and come by their boxes.
    page.click("#layers-section summary")
    boxes = page.locator("[data-layer]")
    for number in range(boxes.count()):
        box = boxes.nth(number)
        was, shown = box.is_checked(), page.evaluate(LAYERS)
        box.click()
        assert page.evaluate(LAYERS) == shown + (-1 if was else 1), box.get_attribute("data-layer")
        box.click()
        assert page.evaluate(LAYERS) == shown
    # Nothing lies over the map, with all panels open, a grid chosen and counts shown.
    page.evaluate("(code) => gisgrid.editor.select(code)", west["code"])
    for width, height in ((1440, 900), (1280, 720), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        page.locator(".editor-map").scroll_into_view_if_needed()
        seen.settle()
        assert page.evaluate(OVER) == [], width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.locator(".editor-map").bounding_box()
        assert box is not None and box["height"] > 0.25 * height, width
        picture(page, f"editor_unfolded_{width}.png")


OVER = """() => { const box = gisgrid.town.getContainer().getBoundingClientRect(), out = [];
  for (let i = 1; i < 20; i++) for (let j = 1; j < 20; j++) {
    const at = document.elementFromPoint(box.x + box.width * i / 20, box.y + box.height * j / 20);
    if (at && !at.closest(".leaflet-container")) out.push(at.outerHTML.slice(0, 60)); }
  return out; }"""
LAYERS = "[gisgrid.layers.houses, gisgrid.layers.streets, gisgrid.layers.areas, gisgrid.editor.posts, gisgrid.editor.uncovered, gisgrid.editor.offered].filter((l) => gisgrid.town.hasLayer(l)).length"


def metres(one: list[float], other: list[float]) -> tuple[float, float]:
    """From one place to another, to the east and to the north of the map's grid, half a degree off the true north."""
    xy = to_metric(np.array([shapely.Point(one), shapely.Point(other)]), 4549)
    return float(xy[1].x - xy[0].x), float(xy[1].y - xy[0].y)


FILLS = """(grids) => Object.fromEntries(grids.getLayers().map((each) => {
  const found = /^url\\(#(.*)\\)$/.exec(each.options.fillColor);
  const fill = found ? document.getElementById(found[1]).querySelector("rect").getAttribute("fill") : each.options.fillColor;
  return [each.feature.properties.code, fill.toLowerCase()];
}))"""
KEY = """(id) => [...document.querySelectorAll(`#${id} li`)].map((line) => {
  const sample = line.firstElementChild, rect = sample.querySelector("rect"), pen = document.createElement("canvas").getContext("2d");
  const fill = rect ? rect.getAttribute("fill") : getComputedStyle(sample).backgroundColor, found = /^url\\(#(.*)\\)$/.exec(fill);
  pen.fillStyle = found ? document.getElementById(found[1]).querySelector("rect").getAttribute("fill") : fill;
  return [pen.fillStyle, line.children[1].textContent];
})"""


def test_workload_has_one_key_on_map_editor_and_compare(
    seen: Visit, store: tuple[Engine, Town], draft: int
):
    """The same words and colours, and every grid in the same colour on all three."""
    engine, page = store[0], seen.page
    with transaction(engine, read_only=True) as session:
        day = today(township(session))
    studies.make(engine, draft, "workload", day)
    key = [[colour.lower(), words] for colour, words in legend()]
    page.goto(f"{seen.host}/map?plan={draft}#planner=workload")
    page.wait_for_selector("html[data-planner=workload]", state="attached")
    fills = page.evaluate(f"({FILLS})(gisgrid.layers.grids)")
    assert page.evaluate(KEY, "planner-legend") == key
    assert len(fills) == 18 and len(set(fills.values())) > 3
    seen.open(f"/plan/{draft}")
    assert page.evaluate(KEY, "legend") == key
    assert page.evaluate(f"({FILLS})(gisgrid.editor.grids)") == fills
    page.goto(f"{seen.host}/plan/{draft}/compare")
    page.wait_for_selector("html[data-ready]", state="attached")
    assert page.evaluate(KEY, "legend") == key
    for number in (0, 1):
        side = f"{{ getLayers: () => Object.values(gisgrid.maps[{number}]._layers).filter((each) => each.feature) }}"
        assert page.evaluate(f"({FILLS})({side})") == fills


def gap(place: tuple[float, float], people: int, words: str) -> dict[str, Any]:
    """A finding as the study of coverage keeps it."""
    lon, lat = place
    corners = [(lon - 3e-5, lat), (lon + 3e-5, lat), (lon, lat + 3e-5), (lon - 3e-5, lat)]
    return {
        "check": "gap", "at": place, "residents": people, "houses": people, "grids": [],
        "text": {"zh": words, "en": words}, "fix": None,
        "ground": {"type": "Polygon", "coordinates": [corners]},
    }  # fmt: skip


def test_the_map_of_gaps_draws_what_is_in_view(
    seen: Visit, store: tuple[Engine, Town], monkeypatch: pytest.MonkeyPatch
):
    """A gap in a corner that is smaller than 300 others of the town is drawn once the corner is in view."""
    (engine, town), page = store, seen.page
    corner = (120.9238, 40.7002)
    many = [(120.9002 + 1e-4 * (n % 20), 40.7084 - 1e-4 * (n // 20)) for n in range(310)]
    found = [gap(corner, 1, "角落"), *(gap(place, 50, "空白") for place in many)]
    title, nothing = {"zh": "空白", "en": "gaps"}, {"zh": "", "en": ""}
    check = {
        "name": "gap", "title": title, "status": "fail", "missing": nothing,
        "places": len(found), "houses": 1, "residents": 1,
    }  # fmt: skip
    body = {"checks": [check], "sites": "sites", "findings": found}
    monkeypatch.setitem(studies.STUDIES, "coverage", lambda *_, **__: body)
    with transaction(engine, read_only=True) as session:
        day = today(township(session))
    studies.make(engine, town.plan_id, "coverage", day)
    page.goto(f"{seen.host}/map#planner=coverage")
    page.wait_for_selector("html[data-planner=coverage]", state="attached")
    mark, ground = page.get_by_title("角落"), page.locator(".leaflet-planner-pane path")
    sums = page.locator("#planner-sums")
    # All of the town: the largest, and how many there are.
    expect(sums).to_contain_text("共 311 处")
    expect(sums).to_contain_text("显示其中 300 处（共 311 处）")
    assert mark.count() == 0 and ground.count() == 300
    seen.look(*corner, 18)
    expect(sums).to_contain_text("共 311 处")
    expect(sums).to_contain_text("当前视图内 1 处")
    assert mark.count() == ground.count() == 1
    mark.click()
    expect(page.locator("#card")).to_contain_text("角落")
