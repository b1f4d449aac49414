"""The planner's whole story in headless Chromium on Town F, and what the editor refuses."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from gisgrid.core.plans import plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.jobs import worker
from gisgrid.planning.editor import scenarios
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.editor_page import (
    drag_border,
    lone_house,
    long_arc,
    middle_of,
    on_screen,
    version,
    wait_version,
    worked,
)
from tests.support.looks import picture
from tests.support.web import Visit, app_over, chromium, served, visit

pytestmark = pytest.mark.browser
DRAWN = (
    "Object.fromEntries(gisgrid.editor.view.grids.map((g) => [g.code, JSON.stringify(g.geometry)]))"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def ready(seen: Visit, path: str) -> Page:
    seen.open(path)
    return seen.page


def shot(page: Page, name: str) -> None:
    picture(page, f"editor_{name}.png")


def test_the_planners_whole_story(browser: Browser, own_town: Engine):  # noqa: PLR0915 - one story
    with transaction(own_town) as session:
        place = township(session)
        old = plan_in_force(session, place.id)
        day = today(place)
        accounts = [
            appointed(session, "planner", name="guihua"),
            appointed(session, "county_reviewer", "999901", name="shenhe"),
        ]
    drawer, reviewer = (app_over(own_town, account=number) for number in accounts)
    with served(drawer) as host, served(reviewer) as county:
        with visit(browser, host, width=1440, height=900) as seen:
            page = seen.page
            # A scenario is branched on the list of scenarios.
            page.goto(f"{host}/plan/")
            page.fill("form[action$='/plan/branch'] input[name=name]", "2024年方案")
            shot(page, "list")
            page.click("form[action$='/plan/branch'] button")
            page.wait_for_selector("html[data-ready]", state="attached")
            shot(page, "open")
            plan_id = int(page.evaluate("gisgrid.editor.view.id"))
            # Borders of communities are drawn thicker than those of grids.
            thick = "(layer) => Math.max(...layer.getLayers().map((l) => l.options.weight))"
            assert page.evaluate(f"({thick})(gisgrid.layers.areas)") > page.evaluate(
                "Math.max(...[...gisgrid.editor.arcs.of.values()].map((l) => l.options.weight))"
            )
            # Gaps and the rest are found by the checks.
            page.click("#checks-section summary")
            with worked(own_town):
                page.click("#check")
                page.wait_for_selector("html[data-checked]", state="attached")
            expect(page.locator("#checks .answer-fail").first).to_have_text("不合格")
            expect(page.locator("#checks .answer-pass").first).to_have_text("合格")
            assert page.locator("#checks .answer-pass").count() >= 5
            # Words beside words: no circle of the map's marks lies under an answer.
            assert page.locator("#checks .answer-fail").first.evaluate(
                "(e) => [getComputedStyle(e).display, getComputedStyle(e).backgroundColor]"
            ) == ["inline", "rgba(0, 0, 0, 0)"]
            # A finding shows all its houses.
            told = page.locator("#checks button", has_text="处房屋").first
            held = int(re.search(r"（?\(?([\d,]+) 处房屋", told.inner_text())[1].replace(",", ""))  # type: ignore[index]
            told.click()
            marked = "gisgrid.editor.found.getLayers().filter((l) => l instanceof L.CircleMarker)"
            assert page.evaluate(f"{marked}.length") == held > 0
            shot(page, "checks")
            page.click("#checks-section summary")
            # The machine proposes, in the background; clicks are counted from its order on.
            page.evaluate(
                "() => { window.clicks = 0; document.addEventListener('click', () => { window.clicks += 1; }, true); }"
            )
            page.click("#rebalance")
            page.wait_for_selector("html[data-job='waiting']", state="attached")
            shot(page, "waiting")
            working = threading.Thread(target=worker.work, args=(own_town,), kwargs={"once": True})
            working.start()
            page.wait_for_selector("html[data-job='done']", state="attached", timeout=90_000)
            working.join()
            shot(page, "proposal")
            said = page.inner_text("#job")
            assert "工作量，按新方案计算" in said and "起事件" in said
            promised = re.search(r"最大偏差 ([\d.]+) %", said)
            assert promised is not None
            worst = "Math.max(...gisgrid.editor.view.grids.map((g) => Math.abs(g.deviation || 0)))"
            before = page.evaluate(worst)
            # Seen without a click, in the colour of whoever gets it; taken over, or back, by one.
            moves = page.evaluate("gisgrid.editor.offer.moves.length")
            assert moves >= 5 and page.locator("#job .move").count() == moves
            # Each with its ground and its houses.
            assert page.locator(".leaflet-offered-pane path").count() >= moves
            assert page.evaluate(
                "gisgrid.editor.offer.moves.every((m, k) => m.ground && gisgrid.editor.offer.shapes[k] && m.points.length === m.houses)"
            )
            line = page.locator("#job .move").first
            colour = page.evaluate(
                "gisgrid.editor.offer.colours.get(gisgrid.editor.offer.moves[0].to_grid)"
            )
            swatch = line.locator("i").evaluate("(e) => getComputedStyle(e).backgroundColor")
            assert swatch == "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))
            assert page.evaluate(
                "gisgrid.editor.ui.communities[gisgrid.editor.offer.moves[0].community]"
            ) in page.inner_text("#job [data-community]")
            first = page.evaluate(DRAWN)
            line.hover()
            expect(line).to_have_class(re.compile("hot"))
            assert (
                page.evaluate(
                    "gisgrid.editor.offer.shapes.find(Boolean).getLayers()[0].options.weight"
                )
                == 4
            )
            line.locator(".take").click()
            page.wait_for_selector("html[data-taken='1:1']", state="attached")
            expect(line).to_have_class(re.compile("taken"))
            assert page.evaluate("window.clicks") == 2, "ordered and taken over; eleven were needed"
            shot(page, "one_taken")
            expect(line.locator(".take")).to_have_text("撤回采纳")
            ground = page.evaluate("gisgrid.editor.view.figures.residents_moved")
            assert ground > 0
            line.locator(".take").click()
            page.wait_for_selector("html[data-taken='2:0']", state="attached")
            # Back are houses and ground.
            assert page.evaluate("gisgrid.editor.view.figures.residents_moved") == 0
            assert page.evaluate(DRAWN) == first
            page.click("#log-section summary")
            expect(page.locator("#log li").first).to_contain_text("已撤回采纳的建议")
            page.click("#log-section summary")
            # A whole community by one click, too, and all undone.
            group = page.locator("#job [data-community]").first
            group.locator(".take-community").click()
            own = group.locator(".move").count()
            page.wait_for_selector(f"html[data-taken='3:{own}']", state="attached")
            for number in (4, 5, 6):
                page.click("#undo")
                page.wait_for_selector(f"html[data-taken^='{number}:']", state="attached")
            assert page.locator("#job .taken").count() == 0
            # What is there steps back while the proposal is shown, and no longer.
            stage, pane = page.locator("#main"), page.locator(".leaflet-offered-pane")
            expect(stage).to_have_class(re.compile("offering"))
            expect(page.locator("#key-proposal")).to_be_visible()
            page.click("#aside")
            expect(stage).not_to_have_class(re.compile("offering"))
            expect(page.locator("[data-layer=a_proposal]")).not_to_be_checked()
            expect(page.locator("#key-proposal")).to_be_hidden()
            page.click("#layers-section summary")
            page.check("[data-layer=a_proposal]")
            expect(stage).to_have_class(re.compile("offering"))
            expect(page.locator("#aside")).to_have_text("隐藏建议")
            page.click("#layers-section summary")
            page.click("#take-all")
            wait_version(page, 7)
            page.wait_for_selector(f"html[data-taken='7:{moves}']", state="attached")
            expect(stage).not_to_have_class(re.compile("offering"))
            expect(pane).to_be_hidden()
            # The bar tells it, today and now, and the table has it in its rows and sums.
            assert f"→ {float(promised[1]):.1f} %" in page.inner_text("#figure-deviation").replace(
                "\n", " "
            )
            moved = page.evaluate("gisgrid.editor.view.figures.residents_moved")
            assert f"{moved:,}" in page.inner_text("#figure-moved")
            assert f"{moved:,} 名居民" in said
            # What was promised is what the map shows.
            assert f"{100 * page.evaluate(worst):.2f}" == promised[1]
            assert page.evaluate(worst) <= 0.01 < before
            shot(page, "balanced")
            # A border is dragged, with counts while it moves.
            arc = drag_border(seen, (0, 50), keep=False)
            told = page.inner_text("#live")
            assert all(
                page.evaluate("(code) => gisgrid.editor.grid(code).name", code) in told
                for code in arc["grids"]
            )
            shot(page, "dragging")
            page.mouse.up()
            wait_version(page, 8)
            # Undone and redone.
            page.click("#undo")
            wait_version(page, 9)
            page.click("#redo")
            wait_version(page, 10)
            page.click("#log-section summary")
            assert page.locator("#log li").count() == 5
            # Compared with the plan in force, on two maps in step.
            page.goto(f"{host}/plan/{plan_id}/compare")
            page.wait_for_selector("html[data-ready]", state="attached")
            page.evaluate(
                "gisgrid.maps[0].setZoom(gisgrid.maps[0].getZoom() + 1, { animate: false })"
            )
            zooms = page.evaluate("gisgrid.maps.map((map) => [map.getZoom(), map.getCenter().lat])")
            assert zooms[0] == pytest.approx(zooms[1])
            assert page.locator("#flows tbody tr").count() >= 5
            shot(page, "compare")
            page.goto(f"{host}/plan/{plan_id}/report.html")
            picture(page, "editor_report.png", full_page=True)
            assert page.request.get(f"{host}/plan/{plan_id}/report.pdf").body()[:5] == b"%PDF-"
            # Submitted; who submits cannot approve.
            ready(seen, f"/plan/{plan_id}")
            page.click("#step-submit")
            page.wait_for_selector(".state-in_review")
            assert page.locator("#tools-section").is_hidden()
            # Without its list a proposal is not on the map.
            expect(stage).not_to_have_class(re.compile("offering"))
            assert pane.locator("path").count() == 0
            page.click("#step-approve")
            page.locator("dialog.sure .danger").click()
            expect(page.locator("#notice")).to_contain_text("没有相应的权限")
            complaints = [f for f in seen.failures if "403" not in f]
            assert (complaints, seen.elsewhere) == ([], [])
        with visit(browser, county, width=1440, height=900) as seen:
            page = ready(seen, f"/plan/{plan_id}")
            page.click("#step-approve")
            expect(page.locator("dialog.sure p")).to_contain_text("退回乡镇")
            page.locator("dialog.sure button").first.click()
            assert page.locator(".state-in_review").count(), "whoever says no changes nothing"
            page.click("#step-approve")
            page.locator("dialog.sure .danger").click()
            page.wait_for_selector(".state-approved")
            page.click("#step-notify")
            page.wait_for_selector(".state-notified")
            shot(page, "notified")
            assert (seen.failures, seen.elsewhere) == ([], [])
        with visit(browser, host, width=1440, height=900) as seen:
            page = ready(seen, f"/plan/{plan_id}")
            first_day = day + timedelta(days=1)
            page.fill("#first-day", first_day.isoformat())
            page.click("#step-publish")
            asked = page.locator("dialog.sure")
            expect(asked).to_contain_text("要发布方案“2024年方案”吗？")
            expect(asked).to_contain_text(f"自 {first_day.isoformat()} 起")
            expect(asked).to_contain_text(f"“{old.name}”有效至前一日。")
            expect(asked).to_contain_text("在该日之前可以撤回。")
            shot(page, "publish_asked")
            asked.get_by_text("暂不发布").click()
            expect(page.locator("#state")).to_have_class(re.compile("state-notified"))
            page.click("#step-publish")
            asked.get_by_role("button", name="发布", exact=True).click()
            expect(page.locator("#state")).to_have_class(re.compile("state-later"))
            shot(page, "published")
            # Each team gets a sheet; yesterday still answers.
            sheets = page.request.get(f"{host}/plan/{plan_id}/handover.xlsx")
            assert sheets.ok and sheets.body()[:2] == b"PK"
            assert _in_force(page, host, first_day) == plan_id
            assert _in_force(page, host, day) == old.id
            assert (seen.failures, seen.elsewhere) == ([], [])


def _in_force(page: Page, host: str, day: date) -> int:
    answer = page.request.get(f"{host}/api/v1/summary?as_of={day.isoformat()}")
    found: int = answer.json()["plan"]["id"]
    return found


def test_a_scenario_is_discarded_only_after_a_question(browser: Browser, own_town: Engine):
    with transaction(own_town) as session:
        place = township(session)
        scenarios.branch(session, plan_in_force(session, place.id), name="草案", who="甲")
        planner = appointed(session, "planner")
    with (
        served(app_over(own_town, account=planner)) as host,
        visit(browser, host, width=1440, height=900) as seen,
    ):
        page = seen.page
        for language, title, what, no in (
            ("en", "Discard scenario “草案”?", "cannot be brought back", "Keep it"),
            ("zh", "要删除方案“草案”吗？", "无法恢复", "保留"),
        ):
            page.goto(f"{host}/plan/?lang={language}")
            page.click(".acts summary")
            page.click(".acts .danger")
            expect(page.locator("dialog.sure h2")).to_have_text(title)
            expect(page.locator("dialog.sure p")).to_contain_text(what)
            shot(page, f"discard_{language}")
            page.locator("dialog.sure").get_by_text(no).click()
            expect(page.locator("table")).to_contain_text("草案")
        page.click(".acts .danger")
        page.locator("dialog.sure .danger").click()
        expect(page.locator("main")).not_to_contain_text("草案")
        assert (seen.failures, seen.elsewhere) == ([], [])


def test_tools_locks_and_refusals(browser: Browser, own_town: Engine):  # noqa: PLR0915 - one story
    with transaction(own_town) as session:
        place = township(session)
        draft = scenarios.branch(session, plan_in_force(session, place.id), name="草案", who="甲")
        planner = appointed(session, "planner")
    with (
        served(app_over(own_town, account=planner)) as host,
        visit(browser, host, width=1440, height=900) as seen,
    ):
        page = ready(seen, f"/plan/{draft.id}")
        # Dragged over another border: told where, and nothing is kept.
        drag_border(seen, (0, 420), keep=False)
        page.wait_for_selector("#live .refused")
        shot(page, "refused")
        page.mouse.up()
        expect(page.locator("#notice")).to_be_visible()
        assert version(page) == 0
        # Houses inside a lasso go to the chosen grid; the ground follows.
        arc = long_arc(page)
        giver, taker = arc["grids"]
        middle = arc["line"][len(arc["line"]) // 2]
        seen.look(middle[0], middle[1], 17)
        page.evaluate("(code) => gisgrid.editor.select(code)", taker)
        page.click("[data-tool=give]")
        x, y = on_screen(page, middle)
        for dx, dy in ((-60, -60), (60, -60), (60, 60), (-60, 60)):
            page.mouse.click(x + dx, y + dy)
        page.mouse.click(x - 60, y - 60)
        page.wait_for_selector("html[data-version='1'], #notice:not([hidden])", state="attached")
        shot(page, "lasso")
        # A grid is split by a line across it and gets the next code of its community.
        now = version(page)
        big = page.evaluate(
            "gisgrid.editor.view.grids.filter((g) => g.kind === 'basic').sort((a, b) => b.houses - a.houses)[0].code"
        )
        box = page.evaluate(
            """(code) => { const b = gisgrid.editor.grids.of.get(code).getBounds(), c = b.getCenter();
                 gisgrid.town.fitBounds(b, { animate: false, padding: [30, 30] });
                 return [b.getWest(), b.getEast(), c.lat]; }""",
            big,
        )
        seen.settle()
        page.evaluate("() => gisgrid.editor.select(null)")
        page.click("[data-tool=split]")
        page.mouse.click(*on_screen(page, middle_of(page, big)))
        # The click that chose the grid is no corner of the line.
        assert page.evaluate("gisgrid.town.pm.globalDrawModeEnabled()")
        assert page.locator(".marker-icon:not(.cursor-marker)").count() == 0
        wide = (box[1] - box[0]) * 0.05
        west, east = (on_screen(page, [lon, box[2]]) for lon in (box[0] - wide, box[1] + wide))
        page.mouse.click(*west)
        page.mouse.click(*east)
        page.mouse.click(*east)
        page.fill("#named input[name=name]", "新分网格")
        shot(page, "split")
        page.click("#named button:not([type])")
        page.wait_for_selector(
            f"html[data-version='{now + 1}'], #notice:not([hidden])", state="attached"
        )
        # The new grid is merged away again by a click on it.
        wait_version(page, now + 1)
        new = page.evaluate("gisgrid.editor.view.grids.find((g) => g.name === '新分网格').code")
        page.evaluate("(code) => gisgrid.editor.select(code)", big)
        page.click("[data-tool=merge]")
        page.mouse.click(*on_screen(page, middle_of(page, new)))
        wait_version(page, now + 2)
        assert page.evaluate("(code) => gisgrid.editor.grid(code) === undefined", new)
        # An exclusive grid is drawn as a hole in the basic ones.
        page.click("[data-tool=draw]")
        x, y = on_screen(page, middle_of(page, big))
        x -= 97  # beside the school in the middle
        for dx, dy in ((-40, -28), (40, -28), (40, 28), (-40, 28), (-40, -28)):
            page.mouse.click(x + dx, y + dy)
        page.fill("#named input[name=name]", "虚构公园")
        page.check("#named input[name=exclusive]")
        page.fill("#named input[name=host]", "虚构公园管理处")
        shot(page, "exclusive")
        page.click("#named button:not([type])")
        page.wait_for_selector(
            f"html[data-version='{now + 3}'], #notice:not([hidden])", state="attached"
        )
        assert version(page) == now + 3, page.inner_text("#notice")
        made = page.evaluate("gisgrid.editor.view.grids.find((g) => g.name === '虚构公园')")
        assert (made["kind"], len(made["code"])) == ("exclusive", 20)
        # A house goes to the neighbour by a click; locked by a click it stays.
        with transaction(own_town) as session:
            place_of, to = lone_house(session, draft.id)
        seen.look(*place_of, 19)
        x, y = on_screen(page, place_of)
        page.evaluate("(code) => gisgrid.editor.select(code)", to)
        page.click("[data-tool=house]")
        page.mouse.click(x, y)
        wait_version(page, now + 4)
        assert page.evaluate("gisgrid.editor.view.log[0].flows.length") == 1
        page.click("#undo")
        wait_version(page, now + 5)
        page.click("[data-tool=lock]")
        page.mouse.click(x, y)
        page.wait_for_selector(".held", state="attached")
        page.click("[data-tool=house]")
        page.mouse.click(x, y)
        expect(page.locator("#notice")).to_contain_text("已锁定")
        shot(page, "house_locked")
        assert version(page) == now + 5
        # A locked grid stays.
        page.evaluate("(code) => gisgrid.editor.select(code)", giver)
        page.click("#lock-grid")
        expect(page.locator("#lock-grid")).to_have_text("解锁")
        assert page.evaluate("(code) => gisgrid.editor.grid(code).locked", giver)
        shot(page, "locked")
        assert seen.elsewhere == []


def test_the_second_of_two_planners_sees_what_the_first_did(browser: Browser, own_town: Engine):
    with transaction(own_town) as session:
        place = township(session)
        draft = scenarios.branch(session, plan_in_force(session, place.id), name="草案", who="甲")
        planner = appointed(session, "planner")
    with (
        served(app_over(own_town, account=planner)) as host,
        visit(browser, host) as one,
        visit(browser, host) as two,
    ):
        for seen in (one, two):
            ready(seen, f"/plan/{draft.id}")
        arc = long_arc(one.page)
        merge = {"kind": "merge", "into": arc["grids"][0], "gone": arc["grids"][1]}
        one.page.evaluate("(edit) => gisgrid.editor.keep(edit)", merge)
        wait_version(one.page, 1)
        two.page.evaluate("(edit) => gisgrid.editor.keep(edit)", merge)
        wait_version(two.page, 1)
        expect(two.page.locator("#notice")).to_be_visible()
        assert two.page.evaluate("gisgrid.editor.view.grids.length") == 52
