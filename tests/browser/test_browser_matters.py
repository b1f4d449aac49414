"""The list of matters in headless Chromium: the whole walk from a draft to the rule book of tomorrow, and how it looks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text

from gisgrid.cases import matter_drafts, matter_versions
from gisgrid.cases.cases import open_case
from gisgrid.cases.community_rules import add_rule, decide_rule
from gisgrid.cases.flow import keep_own_flows
from gisgrid.cases.matters import add_temporary
from gisgrid.core.plans import township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.cases import RESIDENT
from tests.support.database import own_database
from tests.support.looks import faults, picture, shots
from tests.support.web import app_over, chromium, close, served

pytestmark = pytest.mark.browser

CLERKS = "999901001207"
PAGES = {
    "lists": "/matters/versions",
    "draft": "/matters/versions/draft",
    "item": "/matters/versions/draft/item?code=0301",
    "item-new": "/matters/versions/draft/item?parent=03",
    "group-new": "/matters/versions/draft/item?group=1",
    "duties-edit": "/matters/versions/draft/duties",
    "duties": "/matters/duties",
    "book": "/matters",
    "compare": "/matters/compare?before=2022&after=2027",
    "rules": "/matters/supplements",
}
DAY = timedelta(days=1)


class Hall(NamedTuple):
    """The pages of Town F as the township government and as a community's clerk."""

    office: str
    clerk: str
    engine: Engine


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def hall(cluster: Cluster, town_template: str) -> Iterator[Hall]:
    with own_database(cluster, town_template, "matters") as engine:
        with transaction(engine) as session:
            keep_own_flows(session)
            government = appointed(session, "township_government", name="gov.shi")
            clerk = appointed(session, "community_clerk", CLERKS, name="clerk.shi")
            session.execute(
                text(
                    "UPDATE event SET reported_at = now() - interval '3 days', closed_at = NULL WHERE id % 50 = 0"
                )
            )
            for event in session.scalars(
                text(
                    "SELECT e.id FROM event e JOIN matter m ON m.id = e.matter_id WHERE m.code = '0301' "
                    "AND NOT EXISTS (SELECT FROM event_case c WHERE c.event_id = e.id) ORDER BY e.id LIMIT 2"
                )
            ).all():
                session.execute(
                    text("UPDATE event SET closed_at = NULL WHERE id = :id"), {"id": event}
                )
                open_case(session, event, RESIDENT)
        app, other = app_over(engine, account=government), app_over(engine, account=clerk)
        with served(app) as office, served(other) as clerks:
            yield Hall(office, clerks, engine)
            close(app)
            close(other)


def opened(browser: Browser, width: int = 1440) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.set_default_timeout(30_000)
    return page


def edit(page: Page) -> None:
    """Change an item, withdraw one, add one, in the draft that is open."""
    page.click("[data-item='0301'] a")
    expect(page.locator("[data-use]")).to_contain_text("Open cases under it: 2.")
    page.fill("#limit", "0")
    page.click("text=Keep it in the draft")
    expect(page.locator("[role=alert]")).to_contain_text("a limit of 0 leaves no time")
    page.fill("#limit", "1")
    page.select_option("[name=unit]", "working_days")
    page.fill("#note", "先拍照")
    page.click("text=Keep it in the draft")
    expect(page.locator("[data-foreseen='0301']")).to_contain_text(
        "4 working hours → 1 working days"
    )
    page.click("[data-item='0302'] a")
    page.click("button:text-is('Withdraw it')")
    expect(page.locator("[data-gone='0302']")).to_be_visible()
    page.click("section.items:has(#item-03) >> text=Add an item")
    for field, value in (("#code", "0399"), ("#name", "光污染"), ("#name_en", "Glare")):
        page.fill(field, value)
    page.select_option("#decider", "section")
    page.click("text=Keep it in the draft")


def test_from_a_draft_to_the_rule_book_of_tomorrow(browser: Browser, hall: Hall):
    with transaction(hall.engine) as session:
        now = today(township(session))
    page = opened(browser)
    page.goto(f"{hall.office}/matters?lang=en")
    page.click("main >> text=Versions of the list")
    page.fill("#version", "2027")
    page.click("text=Begin the draft")
    expect(page.locator("main")).to_contain_text("0 items differ")
    edit(page)
    page.click("text=Duty matrix of the draft")
    page.select_option("[name='acts.0399']", "grid")
    page.check("[name='informs.township.0399']")
    page.click("text=Keep the matrix")
    expect(page.locator("main")).to_contain_text("The duties of 1 items have changed.")
    page.goto(f"{hall.office}/matters/versions/draft?lang=en")
    page.click("text=Compare with 2022")
    expect(page.locator("main")).to_contain_text("3 items differ")
    expect(page.locator("main")).to_contain_text("4 working hours")
    page.goto(f"{hall.office}/matters/versions/draft?lang=en")
    assert page.input_value("#since") == str(now + DAY)
    page.fill("#since", str(now))
    page.click("text=Publish from this day")
    expect(page.locator("[role=alert]")).to_contain_text("never published backwards")
    page.fill("#since", str(now + DAY))
    page.click("text=Publish from this day")
    expect(page.locator("[data-version='2027']")).to_contain_text("not in force yet")
    expect(page.locator("[data-version='2022']")).to_contain_text(str(now))
    page.goto(f"{hall.office}/matters?lang=en")
    expect(page.locator("[data-next]")).to_contain_text(
        f"From {now + DAY} on version 2027 is in force."
    )
    assert not page.is_visible("text=Glare")
    page.click("[data-next] a")
    expect(page.locator("main")).to_contain_text("Glare")
    expect(page.locator("main")).to_contain_text("8 groups, 42 items")
    page.click("main >> text=Duty matrix")
    row = page.locator("[data-duty='0399'] .level")
    expect(row).to_have_count(5)
    assert [cell.strip() for cell in row.all_inner_texts()] == ["I", "D", "", "A", ""]
    page.context.close()
    # Tomorrow, for a case that is reported then.
    with transaction(hall.engine) as session:
        session.execute(
            text(
                "UPDATE matter_list SET validity = daterange(lower(validity) - 1, upper(validity) - 1) WHERE version = '2022';"
                "UPDATE matter_list SET validity = daterange(lower(validity) - 1, NULL) WHERE version = '2027'"
            )
        )
    page = opened(browser)
    page.goto(f"{hall.office}/matters?lang=en")
    expect(page.locator("main")).to_contain_text("Glare")
    expect(page.locator("main")).to_contain_text("先拍照")
    page.context.close()


def test_a_clerks_rule_is_agreed_to_and_read_in_the_rule_book(browser: Browser, hall: Hall):
    page = opened(browser, 360)
    page.goto(f"{hall.clerk}/matters/supplements?lang=en")
    page.select_option("#code", "0301")
    page.fill("#text", "每周五上午清运，找测试张")
    page.click("text=Send it to the township")
    expect(page.locator("[data-rule]").first).to_contain_text("waits for the township")
    page.context.close()
    page = opened(browser)
    page.goto(f"{hall.office}/matters/supplements?lang=en")
    page.click("button:text-is('Refuse …')")
    page.click("button:text-is('Refuse it')")
    expect(page.locator("[role=alert]")).to_contain_text("Say why the rule is refused")
    page.click("button:text-is('Agree')")
    expect(page.locator("[data-rule]").first).to_contain_text("in force")
    page.goto(f"{hall.office}/matters?lang=en")
    expect(page.locator(".added")).to_contain_text("每周五上午清运，找测试张")
    page.emulate_media(media="print")
    assert page.locator(".added").is_visible() and not page.locator(".asked").is_visible()
    page.context.close()


def test_the_matrix_is_fit_for_paper(browser: Browser, hall: Hall):
    page = opened(browser)
    page.goto(f"{hall.office}/matters/duties?lang=zh")
    page.emulate_media(media="print")
    assert (
        page.locator(".matrix thead").evaluate("(e) => getComputedStyle(e).display")
        == "table-header-group"
    )
    assert page.locator(".legend").is_visible() and not page.locator(".asked").is_visible()
    for size in ("A4", "A3"):
        assert page.pdf(format=size, landscape=True).startswith(b"%PDF")
    page.set_viewport_size({"width": 1050, "height": 740})
    picture(page, "matters-duties-paper.png", full_page=True)
    page.context.close()


def test_axe_finds_no_violation_and_nothing_is_too_small_or_too_wide(browser: Browser, hall: Hall):
    with transaction(hall.engine) as session:
        place = township(session)
        now = today(place)
        draft = matter_drafts.draft_of(session, place.id)
        if draft is None:
            known = session.scalars(text("SELECT version FROM matter_list")).all()
            matter_versions.begin(session, place.id, "2028" if "2027" in known else "2027")
        add_temporary(
            session, place.id, parent="03", code="T1", name="汛期隐患排查", consent="县网格办〔2026〕1号",
            since=now, until=now + 20 * DAY, rule={"office": "应急办", "decider": "township"},
        )  # fmt: skip
        matter_drafts.withdraw(session, place.id, "0301", although_used=True)
        for words in ("每周五上午清运。\n大件垃圾先打电话。", "巷内摊点不收。"):
            number = add_rule(
                session, place.id, community=CLERKS, code="0303", words=words, since=now
            )
        decide_rule(session, place.id, number, agree=True)
    page = opened(browser)
    found: dict[str, object] = {}
    for name, path in PAGES.items():
        for lang in ("en", "zh"):
            found |= faults(page, hall.office, path.replace("0301", "0303"), lang)
            shots(page, f"matters-{name}-{lang}")
    page.context.close()
    page = opened(browser)  # a cookie is the host's, whichever of its ports has given it
    for lang in ("en", "zh"):
        found |= faults(page, hall.clerk, PAGES["rules"], lang)
        shots(page, f"matters-rules-clerk-{lang}")
    page.context.close()
    assert not found, "\n".join(f"{where}: {what}" for where, what in found.items())
