"""A scenario at hand answers as the same plan read afresh from the store, whatever was edited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.balance.workload import MMIN
from gisgrid.core.crs import M_PER_DEGREE, from_metric
from gisgrid.core.errors import GisgridError
from gisgrid.core.plans import PlanInfo, TownshipInfo, plan_in_force, township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.planning.checks.checks import CHECKS, run_checks
from gisgrid.planning.checks.findings import CheckResult
from gisgrid.planning.editor import edits, moves, scenarios
from gisgrid.planning.editor.corners import GridDetails
from gisgrid.planning.editor.editor import Editor, numbers, with_grids
from gisgrid.planning.editor.editors import Editors
from gisgrid.planning.editor.numbering import next_code
from gisgrid.planning.settings.townships import change_township
from gisgrid.planning.snapshot.fetch import grids_renewed, limits_of, plan_state, today
from gisgrid.planning.snapshot.snapshot import Grids
from gisgrid.planning.workload.workload import loads
from tests.support.database import own_database
from tests.support.town_f import DATA, load_kind, load_town
from tests.support.town_files import make_town

STEPS = 12
BY = "甲"


@pytest.fixture(scope="module")
def made(
    cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Path]]:
    """The name of a database that holds a made town, and the folder of its files."""
    folder = tmp_path_factory.mktemp("town")
    make_town("--out", str(folder), "--seed", "31")
    with own_database(cluster, template, "made") as engine:
        with transaction(engine) as session:
            load_town(session, folder)
        engine.dispose()
        yield str(engine.url.database), folder


@pytest.fixture(
    scope="module",
    params=[
        "Town F",
        pytest.param("made", marks=pytest.mark.thorough),
        pytest.param("made, overlay", marks=pytest.mark.thorough),
    ],
)
def whole_town(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A town with all that a check asks for: stations, visits and trainings, too."""
    if request.param == "Town F":
        held, folder = request.getfixturevalue("town_template"), DATA
    else:
        held, folder = request.getfixturevalue("made")
    with own_database(cluster, held, "at_hand") as engine:
        with transaction(engine) as session:
            load_kind(session, "stations", folder / "service/stations.csv", crs="wgs84")
            load_kind(session, "visits", folder / "service/visits.csv")
            load_kind(session, "trainings", folder / "learning/trainings.csv")
            code = township(session).code
            change_township(
                session, code, ["sizes.basic.residents=100,180,300", "limits.walk_m=400"]
            )
            if "overlay" in request.param:
                change_township(session, code, ["grid_rule=overlay"])
        yield engine


def test_any_walk_of_edits_is_checked_weighed_and_counted_as_the_store_has_it(whole_town: Engine):
    rng = np.random.default_rng(1)
    with Session(whole_town) as session:
        place = township(session)
        plan = scenarios.branch(session, plan_in_force(session, place.id), name="步行", who=BY)
        staff_the_next_grids(session, place)
        here = scenarios.scenario_editor(session, place, plan)
        kept: list[str] = []
        other_process = Editors()
        while len(kept) < STEPS:
            done = one_step(session, place, plan, here, rng)
            if done is None:
                continue
            kind, here = done
            kept.append(kind)
            assert_as_in_the_store(session, place, plan, here, kept)
            if len(kept) % 3 == 1:
                now = scenarios.scenario(session, plan.id).version
                there = other_process.at(session, place, plan, now)
                assert numbers(there) == numbers(here), kept
                base = other_process.base(session, place, plan, now)
                assert numbers(base) == numbers(scenarios.base_editor(session, place, plan)), kept
        assert len(set(kept)) >= 5, "the walk went over too few kinds of edits"
        session.rollback()


def one_step(
    session: Session, place: TownshipInfo, plan: PlanInfo, here: Editor, rng: np.random.Generator
) -> tuple[str, Editor] | None:
    """An edit, or a step back or forth, and the editor after it; None if it is refused."""
    version = scenarios.scenario(session, plan.id).version
    kind = str(rng.choice(["drag", "split", "split", "merge", "draw", "give", "undo", "redo"]))
    try:
        if kind in ("undo", "redo"):
            codes = moves.codes_of_step(session, plan, back=kind == "undo")
            (moves.undo if kind == "undo" else moves.redo)(session, plan, version)
            # As the page does it: only what the step names is read again.
            renewed = grids_renewed(session, place, plan, here.state.grids, codes)
            return kind, with_grids(here, renewed)
        grids = edited(session, place, here, kind, rng)
        if grids is None:
            return None
        after = with_grids(here, grids)
        moves.record(session, plan, version, here, after, action=kind, who=BY)
    except GisgridError:
        return None
    return kind, after


def edited(
    session: Session, place: TownshipInfo, here: Editor, kind: str, rng: np.random.Generator
) -> Grids | None:
    state = here.state
    row = int(rng.choice(state.basic))
    code, home = state.grids.code[row], state.communities.code[state.grids.community[row]]
    mates = here.topology.neighbours([row])
    mine = np.flatnonzero(state.houses.grid == row)
    grids = None
    if kind == "drag":
        arc = int(rng.integers(len(here.topology.lines)))
        line = here.topology.lines[arc]
        k = max(1, len(line) // 2)
        middle = (line[k - 1] + line[k]) / 2 + rng.uniform(-40, 40, 2) / M_PER_DEGREE
        grids = edits.drag(here, {arc: np.vstack([line[:k], middle[None], line[k:]])})
    elif kind == "split":
        ground, away = state.grids.metric[row], rng.normal(size=2)
        middle = shapely.get_coordinates(shapely.centroid(ground))[0]
        reach = away / np.hypot(*away) * np.sqrt(ground.area) * 3
        line = degrees(np.array([middle - reach, middle + reach]), state.srid)
        grids = edits.split(
            here, code, line, GridDetails(next_code(session, place, home), "新网格")
        )
    elif kind == "merge" and mates:
        grids = edits.merge(here, code, state.grids.code[int(rng.choice(mates))])
    elif kind == "draw" and len(mine):
        spot = shapely.Point(state.houses.xy_m[int(rng.choice(mine))])
        circle = from_metric(np.array([spot.buffer(rng.uniform(15, 40))], dtype=object), state.srid)
        exclusive = bool(rng.integers(2))
        number = next_code(session, place, home, kind="exclusive" if exclusive else "basic")
        new = GridDetails(number, "新网格", *(("exclusive", "某校") if exclusive else ()))
        grids = edits.draw(here, circle[0], new)
    elif kind == "give" and len(mine) and mates:
        to = int(rng.choice(mates))
        away_m = shapely.distance(shapely.points(state.houses.xy_m[mine]), state.grids.metric[to])
        near = mine[np.argsort(away_m, kind="stable")[: int(rng.integers(1, 5))]]
        grids = edits.give(here, dict.fromkeys(near.tolist(), state.grids.code[to]))
    return grids


def degrees(xy_m: np.ndarray, srid: int) -> np.ndarray:
    return shapely.get_coordinates(from_metric(shapely.points(xy_m), srid))


def staff_the_next_grids(session: Session, place: TownshipInfo) -> None:
    """Teams and posts wait for grids that the plan in force does not have yet."""
    homes = session.scalars(
        text("SELECT code FROM area WHERE parent_id = :t ORDER BY code"), {"t": place.id}
    ).all()
    for k, home in enumerate(homes):
        code = next_code(session, place, home)
        session.execute(
            text(
                "INSERT INTO team_member (township_id, staff_id, grid_code, role, during) "
                "SELECT :t, id, :g, 'worker', daterange('2022-09-01', NULL) FROM staff "
                "WHERE township_id = :t ORDER BY code LIMIT 2 OFFSET :k"
            ),
            {"t": place.id, "g": code, "k": k},
        )
        session.execute(
            text(
                "INSERT INTO station (township_id, code, name, kind, grid_code, geom, location_status, during) "
                "SELECT :t, :c, '驻点', 'team_post', :g, geom, 'ok', daterange('2022-09-01', NULL) "
                "FROM house WHERE township_id = :t AND location_status = 'ok' ORDER BY code LIMIT 1 OFFSET :k"
            ),
            {"t": place.id, "c": f"post{k}", "g": code, "k": 7 * k},
        )


def assert_as_in_the_store(
    session: Session, place: TownshipInfo, plan: PlanInfo, here: Editor, kept: list[str]
) -> None:
    day, limits = today(place), limits_of(session, place.id)
    fresh = plan_state(session, place, plan, day)
    answers = [told(r, here.state.grids.code) for r in run_checks(here.state, limits)]
    assert [a["name"] for a in answers] == [c.name for c in CHECKS]
    for mine, stores in zip(answers, run_checks(fresh, limits), strict=True):
        assert mine == told(stores, fresh.grids.code), (kept, mine["name"])
    ours, theirs = loads(here.state, here.weights), loads(fresh, here.weights)
    assert ours.grids == theirs.grids, kept
    assert (ours.nowhere, ours.communities, ours.township) == (
        theirs.nowhere, theirs.communities, theirs.township,
    )  # fmt: skip
    # Counted as the page counts, from what only was counted anew.
    again = scenarios.scenario_editor(session, place, plan)
    counts = numbers(here)
    assert counts == numbers(again), kept
    for n, load in zip(counts, theirs.grids, strict=True):
        assert (n.code, n.minutes) == (load.code, load.total_mmin / MMIN), kept
        assert n.deviation == load.deviation, kept
        assert n.residents == load.residents
    attached = dict(
        session.execute(
            text(
                "SELECT h.code, g.code FROM house_grid a JOIN house h ON h.id = a.house_id "
                "JOIN grid g ON g.id = a.grid_id WHERE a.plan_id = :p"
            ),
            {"p": plan.id},
        ).all()
    )
    inside = here.state.houses.grid >= 0
    assert attached == dict(
        zip(
            here.state.houses.code[inside],
            here.state.grids.code[here.state.houses.grid[inside]],
            strict=True,
        )
    )


def told(result: CheckResult, codes: np.ndarray) -> dict[str, Any]:
    """All that an answer says, with places that can be compared."""
    assert {g for f in result.findings for g in f.grids} <= set(codes)
    return {
        **{k: v for k, v in vars(result).items() if k != "findings"},
        "findings": [
            {**vars(f), "measure": f.measure and round(f.measure, 6), "place": place(f.place)}
            for f in result.findings
        ],
    }


def place(shape: shapely.Geometry) -> str:
    parts = shapely.multipolygons(shapely.get_parts(shape)) if shape.area else shape
    return shapely.to_wkt(shapely.normalize(parts), rounding_precision=8)
