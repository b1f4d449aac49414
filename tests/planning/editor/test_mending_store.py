"""The ways on where the ground is at fault: on the terminal, over HTTP and on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import shapely
from playwright.sync_api import Browser, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.crs import from_metric, to_metric
from gisgrid.core.plans import PlanInfo, plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.jobs import quick, worker
from gisgrid.planning.editor import scenarios
from gisgrid.planning.editor.editors import Editors
from tests.support.accounts import appointed
from tests.support.editor import checked, client_of
from tests.support.factories import ewkt
from tests.support.looks import picture
from tests.support.made_store import SRID, a_town, store_town
from tests.support.terminal import gisgrid
from tests.support.web import app_over, chromium, served, visit


def grids_of(engine: Engine, plan: str) -> dict[str, Any]:
    with transaction(engine, read_only=True) as session:
        rows = session.execute(
            text(
                "SELECT g.code, ST_AsBinary(g.geom) AS geom FROM grid g JOIN plan p ON p.id = g.plan_id "
                "WHERE p.name = :p ORDER BY g.code"
            ),
            {"p": plan},
        ).all()
    return {row.code: shapely.from_wkb(bytes(row.geom)) for row in rows}


def redraw(engine: Engine, plan: str, shapes: dict[str, Any]) -> None:
    with transaction(engine) as session:
        for code, shape in shapes.items():
            session.execute(
                text(
                    "UPDATE grid g SET geom = CAST(:geom AS geometry) FROM plan p "
                    "WHERE p.id = g.plan_id AND p.name = :p AND g.code = :c"
                ),
                {"geom": ewkt(shape), "p": plan, "c": code},
            )


def metric(shape: Any) -> Any:
    return to_metric(np.array([shape], dtype=object), SRID)[0]


def degrees(shape: Any) -> Any:
    return from_metric(np.array([shape], dtype=object), SRID)[0]


def owners(engine: Engine, plan: str) -> dict[str, str | None]:
    with transaction(engine, read_only=True) as session:
        rows = session.execute(
            text(
                "SELECT h.code, g.code AS grid FROM plan p JOIN house_grid a ON a.plan_id = p.id "
                "JOIN house h ON h.id = a.house_id LEFT JOIN grid g ON g.id = a.grid_id "
                "WHERE p.name = :p"
            ),
            {"p": plan},
        ).all()
    return {row.code: row.grid for row in rows}


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], PlanInfo]:
    def filled(session: Session) -> PlanInfo:
        store_town(session, a_town(61)[0])
        place = township(session)
        return scenarios.branch(session, plan_in_force(session, place.id), name="草案", who="甲")

    return filled


@pytest.fixture
def draft(made: PlanInfo) -> PlanInfo:
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def across(engine: Engine, draft: PlanInfo) -> tuple[str, str]:
    """A grid that took a strip of a neighbour's ground in another community: its code, the neighbour's."""
    grids = {code: metric(shape) for code, shape in grids_of(engine, "草案").items()}
    taker, giver = next(
        (a, b)
        for a in grids
        for b in grids
        if a[:12] != b[:12] and shapely.length(grids[a].intersection(grids[b])) > 80
    )
    strip = grids[taker].buffer(30).intersection(grids[giver])
    shapes = {
        taker: degrees(grids[taker].union(strip)), giver: degrees(grids[giver].difference(strip)),
    }  # fmt: skip
    redraw(engine, "草案", shapes)
    assert gisgrid(engine, "attach", "--plan", "草案", "--commit").exit_code == 0
    return taker, giver


@pytest.fixture
def apart(engine: Engine, draft: PlanInfo) -> str:
    """A grid drawn 3.5 cm too small, as an office sent it: its code."""
    grids = grids_of(engine, "草案")
    code = sorted(grids)[4]
    redraw(engine, "草案", {code: degrees(metric(grids[code]).buffer(-0.035, join_style="mitre"))})
    assert gisgrid(engine, "attach", "--plan", "草案", "--commit").exit_code == 0
    return code


# ---- grids across communities ------------------------------------------------------------------


@pytest.mark.thorough
def test_the_terminal_balances_what_is_sound_names_the_rest_and_mends_it(
    engine: Engine, across: tuple[str, str]
):
    taker, giver = across
    told = gisgrid(engine, "balance", "--plan", "草案", "--far")
    assert told.exit_code == 0, told.output
    for home in (taker[:12], giver[:12]):
        assert f"Community {home} is left out: grid {taker} does not lie in one" in told.output
    assert "mend-across" in told.output
    assert (
        "fails: grids outside or across communities (1), "
        in gisgrid(engine, "plan", "review", "草案").output
    )
    before = grids_of(engine, "草案"), owners(engine, "草案")
    assert gisgrid(engine, "scenario", "mend-across", "草案", taker).exit_code == 0
    assert (grids_of(engine, "草案"), owners(engine, "草案")) == before, "it was a try"
    done = gisgrid(engine, "scenario", "mend-across", "草案", taker, "--commit", "--why", "越界")
    assert done.exit_code == 0, done.output
    assert f"{taker} → {giver}" in done.output
    after = gisgrid(engine, "balance", "--plan", "草案", "--far")
    assert "left out" not in after.output
    assert "across" not in gisgrid(engine, "plan", "review", "草案").output
    said = gisgrid(engine, "scenario", "log", "草案").output
    assert "across" in said and "越界" in said
    assert gisgrid(engine, "scenario", "undo", "草案", "--commit").exit_code == 0
    assert (grids_of(engine, "草案"), owners(engine, "草案")) == before


def test_a_grid_given_to_another_community_gets_a_code_of_it_and_the_old_one_goes(
    engine: Engine, across: tuple[str, str]
):
    taker, giver = across
    # Most of its houses are moved into the strip.
    shapes = {code: metric(shape) for code, shape in grids_of(engine, "草案").items()}
    communities = grids_of(engine, "2022")
    home = shapely.union_all([s for c, s in communities.items() if c[:12] == giver[:12]])
    strip = degrees(shapes[taker].intersection(metric(home)))
    spot = strip.representative_point()
    with transaction(engine) as session:
        session.execute(
            text(
                "UPDATE house h SET geom = ST_SetSRID(ST_MakePoint(:x, :y), 4326) "
                "FROM house_grid a JOIN plan p ON p.id = a.plan_id AND p.name = '草案' "
                "JOIN grid g ON g.id = a.grid_id AND g.code = :c "
                "WHERE a.house_id = h.id AND h.code > (SELECT min(code) FROM house)"
            ),
            {"x": spot.x, "y": spot.y, "c": taker},
        )
    done = gisgrid(engine, "scenario", "mend-across", "草案", taker, "--give", "--commit")
    assert done.exit_code == 0, done.output
    now = grids_of(engine, "草案")
    (new,) = set(now) - set(shapes)
    assert taker not in now and new.startswith(giver[:12]) and len(new) == 15


@pytest.mark.thorough
def test_the_page_offers_the_mend_beside_the_finding_and_beside_the_proposal(
    engine: Engine, draft: PlanInfo, across: tuple[str, str]
):
    taker = across[0]
    client = client_of(engine, "planner")
    found = checked(client, engine, draft)
    (check,) = [c for c in found if c["name"] == "outside"]
    assert check["blocking"]
    cut = {"kind": "across", "grid": taker, "how": "cut"}
    assert [m["edit"] for m in check["findings"][0]["mends"]] == [cut]
    assert "在社区边界切分" in check["findings"][0]["mends"][0]["label"]
    asked = {"tolerance": 0.02, "far": True}
    assert client.post(f"/plan/{draft.id}/rebalance", json=asked).status_code == 200
    worker.work(engine, once=True)
    result = client.get(f"/plan/{draft.id}/job.json").json["job"]["result"]
    assert {left["mends"][0]["edit"]["grid"] for left in result["left_out"]} == {taker}
    assert len(result["left_out"]) == 2 and "未参与" in result["left_out"][0]["text"]
    for bad in ({**cut, "how": "melt"}, {"kind": "across", "how": "cut"}, {**cut, "grid": "z"}):
        answer = client.post(f"/plan/{draft.id}/edit", json={"version": 0, "edit": bad})
        assert answer.status_code in (404, 422), bad
    kept = client.post(f"/plan/{draft.id}/edit", json={"version": 0, "edit": cut})
    assert kept.status_code == 200, kept.text
    assert kept.json["log"][0]["action_text"] == "在社区边界切分网格"
    again = checked(client, engine, draft)
    assert [c["status"] for c in again if c["name"] == "outside"] == ["pass"]


# ---- slivers -----------------------------------------------------------------------------------


def test_a_sliver_blocks_with_the_name_of_the_setting_and_the_way_on(engine: Engine, apart: str):
    refused = gisgrid(engine, "plan", "submit", "草案", "--commit")
    assert refused.exit_code == 2
    assert "limits.sliver_m (1 m)" in refused.output
    assert "gisgrid scenario mend-slivers 草案" in refused.output
    before = owners(engine, "草案")
    done = gisgrid(engine, "scenario", "mend-slivers", "草案", "--commit")
    assert done.exit_code == 0, done.output
    assert "1 gaps and 0 overlaps closed" in done.output
    after = owners(engine, "草案")
    moved = {h for h in before if before[h] != after[h]}
    assert all(f"house {h} stands in what was closed" in done.output for h in moved)
    assert {before[h] for h in moved} <= {None}
    assert gisgrid(engine, "plan", "submit", "草案", "--commit").exit_code == 0
    nothing = gisgrid(engine, "scenario", "mend-slivers", "草案")
    assert nothing.exit_code == 2 and "no gap or overlap" in nothing.output


def test_publishing_a_draft_can_mend_its_slivers_first(engine: Engine, apart: str):
    asked = ("plan", "publish", "草案", "--from", "2024-01-01", "--unreviewed")
    refused = gisgrid(engine, *asked, "--commit")
    assert refused.exit_code == 2 and "limits.sliver_m" in refused.output
    tried = gisgrid(engine, *asked, "--mend-slivers")
    assert tried.exit_code == 0 and "closed" in tried.output
    assert gisgrid(engine, *asked, "--commit").exit_code == 2, "it was a try"
    done = gisgrid(engine, *asked, "--mend-slivers", "--commit")
    assert done.exit_code == 0, done.output
    assert "is in force from 2024-01-01" in done.output
    said = gisgrid(engine, "scenario", "log", "草案").output
    assert "slivers" in said and "before publication" in said


def test_the_width_is_the_townships_setting(engine: Engine, apart: str):
    assert gisgrid(
        engine, "township", "--set", "limits.sliver_m=0.03", "--set", "limits.sliver_m2=0",
        "--commit",
    ).exit_code == 0  # fmt: skip
    nothing = gisgrid(engine, "scenario", "mend-slivers", "草案")
    assert nothing.exit_code == 2
    assert "limits.sliver_m = 0.03 m" in nothing.output


@pytest.mark.browser
def test_a_planner_mends_slivers_and_strays_beside_the_checks(
    browser: Browser,
    engine: Engine,
    draft: PlanInfo,
    across: tuple[str, str],
    apart: str,
):
    with transaction(engine) as session:
        planner = appointed(session, "planner")
    with served(app_over(engine, account=planner)) as host:
        for language, words in (
            ("en", ("Mend all slivers", f"Cut {across[0]} at its community's border")),
            ("zh", ("修补所有细缝", f"在社区边界切分 {across[0]}")),
        ):
            with visit(browser, host, width=1440, height=900) as seen:
                page = seen.page
                page.goto(f"{host}/plan/{draft.id}?lang={language}")
                page.wait_for_selector("html[data-ready]", state="attached")
                page.click("#checks-section summary")
                with page.expect_response("**/check") as ordered:
                    page.click("#check")
                quick.run(engine, Editors(), ordered.value.json()["job"]["id"])
                page.wait_for_selector("html[data-checked]", state="attached")
                for word in words:
                    expect(page.get_by_role("button", name=word, exact=True)).to_be_visible()
                page.get_by_role("button", name=words[1], exact=True).scroll_into_view_if_needed()
                picture(page, f"editor_mends_{language}.png")
                if language == "en":
                    continue
                for version, word in enumerate(words, start=1):
                    page.get_by_role("button", name=word, exact=True).click()
                    page.wait_for_selector(f"html[data-version='{version}']", state="attached")
                page.click("#check")
                page.click("#log-section summary")
                expect(page.locator("#log")).to_contain_text("修补细缝")
                expect(page.locator("#log")).to_contain_text("在社区边界切分网格")
                picture(page, "editor_mended.png")
                assert (seen.failures, seen.elsewhere) == ([], [])
