"""The planner's pages by hand, on a small town: what is left stops, which click is a corner, one key of colours."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine, text

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.jobs import quick, studies
from gisgrid.planning.editor.editors import Editors
from gisgrid.planning.snapshot.fetch import today
from layers.deviation import legend
from tests.support.editor_page import FILLS, KEY, at, edit_of, on_screen, pair, taken_up
from tests.support.waiting import eventually
from tests.support.web import Town, Visit

pytestmark = pytest.mark.browser


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
