"""Verification, corrections, positions for days: what is owed to the people that are recorded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import township
from gisgrid.core.retention_periods import Keeping
from gisgrid.db.store import transaction
from gisgrid.people.positions import fold_positions, record_position
from gisgrid.people.privacy import corrections
from gisgrid.planning.attach.attach import attach
from gisgrid.planning.settings.townships import change_township
from gisgrid.register.stale import stale
from tests.support.database import count
from tests.support.factories import (
    CITIZEN_ID,
    STEM,
    create_house,
    create_household,
    create_member,
    create_plan,
    create_resident,
    create_staff,
    create_township,
)
from tests.support.sketch import spot
from tests.support.terminal import gisgrid

DAY = date(2023, 8, 31)
NOON = datetime(2023, 8, 31, 4, tzinfo=UTC)
"""Twelve o'clock in Shanghai."""


@pytest.fixture
def place(session: Session) -> int:
    """Two grids with a house each; one household verified, one never."""
    made = create_township(session, "a b")
    plan = create_plan(session, made, "a b")
    for k, (code, verified) in enumerate((("F1", date(2022, 8, 31)), ("F2", None))):
        house = create_house(session, made, spot(0.5 + k, 0.5), code=f"H{k + 1}")
        household = create_household(session, house, code=code, verified_on=verified)
        create_resident(
            session, household, code=f"R{k + 1}", verified_on=DAY if k == 0 else None,
            phone=f"1990000000{k}", needs=["disabled"],
        )  # fmt: skip
    attach(session, plan.id, "house")
    create_member(session, made, "a", "worker", code="S1")
    create_staff(session, made, code="S2")
    return int(made.area_id)


def test_records_not_verified_for_long_are_listed(session: Session, place: int):
    rows = stale(session, place, DAY, days=364)
    assert [(r.table, r.code, r.grid, r.verified_on, r.days) for r in rows] == [
        ("household", "F2", "b", None, None),
        ("resident", "R2", "b", None, None),
        ("household", "F1", "a", date(2022, 8, 31), 365),
    ]
    # Exactly so many days is not yet too long.
    assert [r.code for r in stale(session, place, DAY, days=365)] == ["F2", "R2"]
    assert [r.code for r in stale(session, place, DAY, days=0, grid="a")] == ["F1"]
    assert [r.code for r in stale(session, place, DAY + timedelta(1), days=0, grid="a")] == [
        "F1", "R1",
    ]  # fmt: skip
    assert len(stale(session, place, DAY, days=0, limit=1)) == 1


def ask(session: Session, place: int, column: str, value: str, **more: str) -> int:
    details = {"table": "resident", "code": "R1", "asked_by": "本人", **more}
    return corrections.ask(session, place, column=column, proposed=value, **details)


def test_an_accepted_request_changes_the_record_and_keeps_its_old_self(
    session: Session, place: int
):
    number = ask(session, place, "phone", " １9900000009 ")
    (waiting,) = corrections.corrections(session, place, "open")
    assert (waiting.current, waiting.proposed) == ("19900000000", "19900000009")
    done = corrections.decide(session, place, number, accept=True, who="社区")
    assert (done.state, done.current, done.decided_by) == ("accepted", "19900000009", "社区")
    assert session.scalar(text("SELECT phone FROM resident WHERE code = 'R1'")) == "19900000009"
    old = session.scalar(text("SELECT old ->> 'phone' FROM history WHERE table_name = 'resident'"))
    assert old == "19900000000"
    with pytest.raises(Conflict, match="accepted already"):
        corrections.decide(session, place, number, accept=False, who="社区", reason="x")


@pytest.mark.parametrize(
    ("column", "value", "stored"),
    [
        ("needs", "残疾；独居", ["disabled", "living_alone"]),
        ("needs", "", []),
        ("birth_date", "1954-04-04", date(1954, 4, 4)),
        ("birth_date", "", None),
        ("sex", "女", "f"),
        ("citizen_id", CITIZEN_ID.lower(), CITIZEN_ID),
        ("name", "测更名", "测更名"),
    ],
)
def test_every_sort_of_value_is_stored_as_a_load_would(
    session: Session, place: int, column: str, value: str, stored: object
):
    if stored is None:
        session.execute(text("UPDATE resident SET birth_date = '1950-01-01'"))
    number = ask(session, place, column, value)
    corrections.decide(session, place, number, accept=True, who="社区")
    assert session.scalar(text(f"SELECT {column} FROM resident WHERE code = 'R1'")) == stored


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("citizen_id", CITIZEN_ID[:-1], "18 characters"),
        ("citizen_id", STEM + "?", "18 characters"),
        ("phone", "none", "telephone"),
        ("birth_date", "1954-02-30", "date"),
        ("sex", "x", "none of those"),
        ("name", " ", "cannot be empty"),
        ("phone", "19900000000", "already"),
        ("code", "R9", "not corrected"),
        ("township_id", "9", "not corrected"),
        ("name = 'x' --", "9", "not corrected"),
    ],
)
def test_a_request_that_cannot_be_is_refused_at_once(
    session: Session, place: int, column: str, value: str, says: str
):
    with pytest.raises(Invalid, match=says):
        ask(session, place, column, value)
    assert count(session, "correction_request") == 0


def test_a_refusal_has_a_reason_and_nobody_decides_their_own_request(session: Session, place: int):
    number = ask(session, place, "name", "测更名", asked_by="社区")
    with pytest.raises(Conflict, match="waits already"):
        ask(session, place, "name", "测再更名")
    with pytest.raises(Conflict, match="does not decide"):
        corrections.decide(session, place, number, accept=True, who="社区")
    with pytest.raises(Invalid, match="needs a reason"):
        corrections.decide(session, place, number, accept=False, who="镇政府", reason=" ")
    done = corrections.decide(
        session, place, number, accept=False, who="镇政府", reason="与身份证不符"
    )
    assert (done.state, done.reason) == ("refused", "与身份证不符")
    assert count(session, "history") == 0
    assert ask(session, place, "name", "测再更名") > number
    with pytest.raises(NotFound, match="no request 999"):
        corrections.decide(session, place, 999, accept=True, who="镇政府")
    with pytest.raises(NotFound, match="R77"):
        ask(session, place, "name", "测", code="R77")
    with pytest.raises(Invalid, match="house"):
        ask(session, place, "address", "x", table="house")
    with pytest.raises(Invalid, match="who asks"):
        ask(session, place, "phone", "", asked_by=" ")


def at(minutes: float = 0, days: int = 0) -> datetime:
    return NOON + timedelta(days=days, minutes=minutes)


def note(session: Session, x: float, moment: datetime, staff: str = "S1", **more: object) -> bool:
    lon, lat = spot(x, 0.5)
    return record_position(
        session, township(session), staff, lon=lon, lat=lat, at=moment, now=at(1, days=14), **more
    )  # type: ignore[arg-type]


def test_positions_are_kept_for_their_days_and_then_only_as_totals(session: Session, place: int):
    assert note(session, 0.5, at(0))
    assert not note(session, 0.5, at(0))
    # Two minutes to the next in grid a; then a gap of which ten minutes count; then b, the last.
    note(session, 0.6, at(2))
    note(session, 1.5, at(60))
    note(session, 0.5, at(0, days=1))
    # The fourteenth day after: still kept.
    kept = fold_positions(session, township(session), DAY + timedelta(14))
    assert (kept.first_kept, kept.positions, kept.totals) == (DAY, 0, 0)
    assert count(session, "worker_position") == 4
    # The fifteenth: the day goes, the next day stays.
    folded = fold_positions(session, township(session), DAY + timedelta(15))
    assert (folded.positions, folded.totals) == (3, 2)
    assert count(session, "worker_position") == 1
    totals = session.execute(
        text("SELECT grid_code, day, positions, minutes FROM position_total ORDER BY 1")
    ).all()
    assert [tuple(t) for t in totals] == [("a", DAY, 2, 12.0), ("b", DAY, 1, 0.0)]
    assert set(session.execute(text("SELECT * FROM position_total")).keys()) == {
        "township_id", "grid_code", "day", "positions", "minutes",
    }  # fmt: skip
    again = fold_positions(session, township(session), DAY + timedelta(15))
    assert again.positions == 0
    assert count(session, "position_total") == 2


def test_a_day_begins_at_midnight_of_the_township(session: Session, place: int):
    late, early = datetime(2023, 8, 30, 15, 59, tzinfo=UTC), datetime(2023, 8, 30, 16, tzinfo=UTC)
    with pytest.raises(Invalid, match="not kept any more"):
        note(session, 0.5, late)
    assert note(session, 0.5, early)
    fold_positions(session, township(session), DAY + timedelta(15))
    assert session.scalar(text("SELECT day FROM position_total")) == DAY


def test_how_long_positions_are_kept_is_a_setting(session: Session, place: int):
    note(session, 0.5, at())
    code = township(session).code
    change_township(session, code, ["keeping.positions=1"])
    assert fold_positions(session, township(session), DAY + timedelta(1)).positions == 0
    assert fold_positions(session, township(session), DAY + timedelta(2)).positions == 1
    with pytest.raises(Invalid, match="no keeping 'cookies'"):
        change_township(session, code, ["keeping.cookies=1"])
    change_township(session, code, ["keeping.positions="])
    assert session.scalar(text("SELECT keeping FROM township")) == {}
    assert Keeping().positions == 14


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"lon": 200.0}, Invalid, "-180…180"),
        ({"lon": float("nan")}, Invalid, "-180…180"),
        ({"lon": 40.7, "lat": 120.9}, Invalid, "swapped"),
        ({"lon": 121.9}, Invalid, "far outside"),
        ({"at": at(7, days=14)}, Invalid, "yet to come"),
        ({"staff": "S9"}, NotFound, "S9"),
        ({"staff": "S2"}, Conflict, "in no team"),
        ({"at": at(days=-400)}, Invalid, "not kept"),
    ],
)
def test_positions_that_are_none_of_the_townships_business(
    session: Session, place: int, changes: dict[str, object], error: type[Exception], says: str
):
    lon, lat = spot(0.5, 0.5)
    values = {"staff": "S1", "lon": lon, "lat": lat, "at": at(), **changes}
    staff = values.pop("staff")
    with pytest.raises(error, match=says):
        record_position(session, township(session), staff, now=at(1, days=14), **values)  # type: ignore[arg-type]
    assert count(session, "worker_position") == 0


def test_the_commands_of_duties(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with transaction(engine) as session:
        made = create_township(session, "a b")
        create_plan(session, made, "a b", name="2022")
        house = create_house(session, made, spot(0.5, 0.5), address="虚构路1号")
        create_resident(
            session, create_household(session, house, code="F1"), code="R1", name="测某"
        )
        create_member(session, made, "a", "worker", code="S1")
    shown = gisgrid(engine, "stale", "--days", "0", "--xlsx", "s.xlsx")
    assert "2 records not verified for more than 0 days, 2 of them never" in shown.output
    assert "虚构路1号" in shown.output
    assert "测某" not in shown.output
    ask = ("correction", "ask", "resident", "R1", "phone", "19900000009", "--by", "本人")
    assert "dry run" in gisgrid(engine, *ask).output
    assert gisgrid(engine, "correction", "list").output.count("open") == 0
    assert "request" in gisgrid(engine, *ask, "--commit").output
    listed = gisgrid(engine, "correction", "list").output
    assert "19900000009" not in listed
    number = listed.splitlines()[1].split()[0]
    assert "accepted" in gisgrid(engine, "correction", "accept", number, "--commit").output
    assert "accepted already" in gisgrid(engine, "correction", "accept", number).output
    lon, lat = map(str, spot(0.5, 0.5))
    assert "noted" in gisgrid(engine, "position", "S1", lon, lat, "--commit").output
    assert "far outside" in gisgrid(engine, "position", "S1", "0", "0").output
