"""Studies: what the planner's layers show is computed once, kept whole, and never older than it says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from gisgrid.cli.studies import study_command
from gisgrid.core.errors import Conflict, NotFound
from gisgrid.core.messages import unpacked
from gisgrid.core.plans import plan_by_id, township
from gisgrid.core.settings import Settings
from gisgrid.db.store import transaction
from gisgrid.db.tables import Township
from gisgrid.jobs import studies
from gisgrid.planning.editor.delta import Delta, delta
from layers import coverage, proposal, workload
from layers.colours import LESS_TO_MORE
from layers.layer import LayerScope
from tests.support.factories import (
    create_event,
    create_house,
    create_household,
    create_plan,
    create_resident,
    create_township,
)
from tests.support.sketch import spot

DAY = date(2023, 8, 31)


def old_and_draft(session: Session) -> tuple[int, int]:
    """A plan and a draft in which block b goes from grid a to grid c; house, people in each block."""
    place = create_township(session, "a b c")
    old = create_plan(session, place, "a a c", name="old")
    draft = create_plan(
        session, place, "a c c", name="draft", state="draft", validity=None, based_on_id=old.id
    )
    for column, people in ((0.5, 1), (1.3, 2), (1.7, 4), (2.5, 8)):
        household = create_household(session, create_house(session, place, spot(column, 0.5)))
        for _ in range(people):
            create_resident(session, household)
    return old.id, draft.id


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], tuple[int, int]]:
    return old_and_draft


@pytest.fixture
def two(engine: Engine, made: tuple[int, int]) -> tuple[Engine, int, int]:
    return engine, *made


def of(session: Session, draft: int) -> Delta:
    return delta(session, township(session), plan_by_id(session, draft), DAY)


def kept(engine: Engine, plan: int, kind: str) -> dict[str, object] | None:
    with transaction(engine, read_only=True) as session:
        found = studies.body(session, plan, kind, DAY)
    return json.loads(found[0]) if found else None


def stands(engine: Engine, plan: int, kind: str) -> studies.StudyState:
    with transaction(engine, read_only=True) as session:
        return studies.standing(session, plan, kind, DAY)


def test_a_proposal_tells_who_moves_from_where_to_where(session: Session):
    _, draft = old_and_draft(session)
    found = of(session, draft)
    (shift,) = found.shifts
    assert (shift.from_grid, shift.to_grid) == ("a", "c")
    assert (len(shift.houses), found.households(shift), found.residents(shift)) == (2, 2, 6)
    west, _, east, _ = shift.ground.bounds
    assert (west, east) == pytest.approx((spot(1, 0)[0], spot(2, 0)[0]), abs=1e-6)


def test_houses_that_leave_or_enter_all_grids_are_told_too(session: Session):
    place = create_township(session, "a b")
    old = create_plan(session, place, "a .", name="old")
    draft = create_plan(
        session, place, ". b", name="draft", state="draft", validity=None, based_on_id=old.id
    )
    for column in (0.5, 1.5):
        create_resident(
            session, create_household(session, create_house(session, place, spot(column, 0.5)))
        )
    found = of(session, draft.id)
    assert {(s.from_grid, s.to_grid, len(s.houses)) for s in found.shifts} == {
        ("a", None, 1),
        (None, "b", 1),
    }


def test_a_draft_equal_to_its_base_changes_nothing(session: Session):
    place = create_township(session, "a b")
    old = create_plan(session, place, "a b", name="old")
    draft = create_plan(
        session, place, "a b", name="draft", state="draft", validity=None, based_on_id=old.id
    )
    assert of(session, draft.id).shifts == ()


def test_a_plan_based_on_none_has_nothing_to_compare(session: Session):
    old, _ = old_and_draft(session)
    with pytest.raises(Conflict):
        of(session, old)


def test_a_report_of_today_leaves_a_study_current_and_one_of_yesterday_does_not(
    two: tuple[Engine, int, int],
):
    engine, old, _ = two
    assert studies.make(engine, old, "workload", DAY)
    for ago, current in ((0, True), (26, False)):
        with transaction(engine) as session:
            place = session.scalars(select(Township)).one()
            at = datetime.now(UTC) - timedelta(hours=ago)
            create_event(session, place, spot(0.5, 0.5), reported_at=at)
        assert stands(engine, old, "workload").current is current


def test_a_study_is_made_once_and_again_when_the_data_changes(two: tuple[Engine, int, int]):
    engine, old, _ = two
    assert kept(engine, old, "workload") is None
    assert not stands(engine, old, "workload").current
    assert studies.make(engine, old, "workload", DAY)
    assert not studies.make(engine, old, "workload", DAY)
    now = stands(engine, old, "workload")
    assert now.current and not now.working and now.made_at is not None
    with transaction(engine) as session:
        household = session.scalar(text("SELECT min(id) FROM household"))
        session.execute(text("DELETE FROM resident WHERE household_id = :h"), {"h": household})
    late = stands(engine, old, "workload")
    assert not late.current
    assert late.made_at == now.made_at, "the old answer stays, with its age"
    assert studies.make(engine, old, "workload", DAY)
    assert stands(engine, old, "workload").current


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE township SET limits = '{\"walk_m\": 500}'",
        "UPDATE grid SET geom = ST_Multi(ST_Translate(geom, 0.0001, 0)) WHERE code = 'a'",
        "INSERT INTO workload_weights (township_id, version, weights) "
        "SELECT area_id, 'v2', '{}' FROM township",
        "UPDATE house SET geom = ST_Translate(geom, 0.0001, 0)",
    ],
)
def test_any_change_of_what_is_computed_from_changes_the_fingerprint(session: Session, change: str):
    old, draft = old_and_draft(session)
    before = [studies.fingerprint(session, plan) for plan in (old, draft)]
    assert before == [studies.fingerprint(session, plan) for plan in (old, draft)]
    session.execute(text(change))
    assert studies.fingerprint(session, old) != before[0]
    assert studies.fingerprint(session, draft) != before[1]


def test_only_one_computes_a_study_and_the_other_sees_it_at_work(
    two: tuple[Engine, int, int], monkeypatch: pytest.MonkeyPatch
):
    engine, old, _ = two
    begun, go = threading.Event(), threading.Event()

    def slow(*_: object, progress: object) -> dict[str, object]:
        progress(3, 7, "thinking")  # type: ignore[operator]
        begun.set()
        assert go.wait(30)
        return {"slow": True}

    monkeypatch.setitem(studies.STUDIES, "workload", slow)
    first = threading.Thread(target=studies.make, args=(engine, old, "workload", DAY))
    first.start()
    try:
        assert begun.wait(30)
        seen = stands(engine, old, "workload")
        assert (seen.working, seen.step, seen.steps, seen.doing) == (True, 3, 7, "thinking")
        assert not studies.make(engine, old, "workload", DAY)
    finally:
        go.set()
        first.join()
    assert kept(engine, old, "workload") == {"slow": True}
    assert not stands(engine, old, "workload").working


def test_a_study_that_breaks_off_leaves_the_answer_before(
    two: tuple[Engine, int, int], monkeypatch: pytest.MonkeyPatch
):
    engine, old, _ = two
    studies.make(engine, old, "workload", DAY)
    before = kept(engine, old, "workload")

    def killed(*_: object, progress: object) -> dict[str, object]:
        raise KeyboardInterrupt

    monkeypatch.setitem(studies.STUDIES, "workload", killed)
    with pytest.raises(KeyboardInterrupt):
        studies.make(engine, old, "workload", DAY, again=True)
    assert kept(engine, old, "workload") == before
    assert not stands(engine, old, "workload").working


def test_why_a_study_cannot_be_made_is_kept_until_the_data_changes(two: tuple[Engine, int, int]):
    engine, old, _ = two
    with pytest.raises(Conflict):
        studies.make(engine, old, "proposal", DAY)
    failed = stands(engine, old, "proposal").failed
    assert failed is not None and "based on no other plan" in unpacked(failed).in_language("en")
    with transaction(engine) as session:
        session.execute(text("UPDATE township SET limits = '{\"walk_m\": 500}'"))
    assert stands(engine, old, "proposal").failed is None


def test_there_is_no_other_kind_of_study(two: tuple[Engine, int, int]):
    with pytest.raises(NotFound):
        studies.make(two[0], two[1], "astrology", DAY)


def test_the_command_makes_all_kinds(two: tuple[Engine, int, int]):
    engine, _, _ = two
    settings = Settings(database_url=engine.url.render_as_string(hide_password=False))
    result = CliRunner().invoke(
        study_command,
        ["coverage", "workload", "proposal", "--plan", "draft", "--as-of", "2023-08-31"],
        obj=settings,
        catch_exceptions=False,
    )
    assert result.output.count("kept") == 3


def test_bodies_count_people_and_name_none(town: Session):
    plan = town.scalar(text("SELECT id FROM plan_in_force"))
    place, info = township(town), plan_by_id(town, plan)
    names = set(town.scalars(text("SELECT name FROM resident")))
    for kind in ("coverage", "workload"):
        body = studies.STUDIES[kind](town, place, info, DAY, progress=lambda *_: None)
        shown = json.dumps(body, ensure_ascii=False)
        assert not [name for name in names if f'"{name}"' in shown]
    checks = {c["name"]: c for c in studies.STUDIES["coverage"](
        town, place, info, DAY, progress=lambda *_: None)["checks"]}  # fmt: skip
    assert checks["on_border"]["places"] == 13
    assert checks["gap"]["status"] == "pass"


def test_each_layer_brings_its_legend_and_says_more_than_colour():
    scope = LayerScope(1, "v")
    found = [make(scope, str) for make in (coverage.layer, workload.layer, proposal.layer)]
    assert [layer.name for layer in found] == ["coverage", "workload", "proposal"]
    signs = [s.sign for s in found[0].swatches]
    assert len(set(signs)) == len(signs)
    assert [s.colour for s in found[1].swatches] == list(LESS_TO_MORE)
    assert [s.pattern.split("-")[0] for s in found[1].swatches] == [
        "dots", "dots", "", "", "", "lines", "lines",
    ]  # fmt: skip
    assert found[1].swatches[0].label == "< −25 %"
