"""What is past its time goes, from history too, and the run proves that nothing is left."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, NotFound
from gisgrid.core.plans import township
from gisgrid.db import tables as t
from gisgrid.db.store import transaction
from gisgrid.people.privacy.backups import backups, note_backup, note_destroyed
from gisgrid.people.privacy.retention import GONE_NAME, Retention, retain
from gisgrid.planning.settings.townships import change_township
from tests.support.cases import handled
from tests.support.cases import place as place_of_cases
from tests.support.database import count
from tests.support.factories import (
    CITIZEN_ID,
    create_event,
    create_house,
    create_household,
    create_member,
    create_plan,
    create_resident,
    create_township,
)
from tests.support.sketch import spot
from tests.support.terminal import gisgrid

DAY = date(2023, 8, 31)
OLD = DAY - timedelta(days=1827)
"""A day more than the register is kept after its last verification."""
PHONE, SHARED = "19900000001", "19900000002"


@pytest.fixture
def place(session: Session) -> int:
    """A house with a household past its time and one that is not; both have left traces."""
    made = create_township(session, "a b")
    create_plan(session, made, "a b")
    house = create_house(session, made, spot(0.5, 0.5), code="H1")
    past = create_household(session, house, code="F1", verified_on=OLD)
    gone = create_resident(
        session, past, code="R1", name="测走人", citizen_id=CITIZEN_ID, phone=PHONE,
        verified_on=OLD,
    )  # fmt: skip
    create_resident(session, past, code="R2", name="测共用", phone=SHARED, verified_on=OLD)
    stays = create_household(session, house, code="F2", verified_on=OLD + timedelta(1))
    create_resident(session, stays, code="R3", name="测留人", phone=SHARED, verified_on=OLD)
    gone.phone = "19900000077"
    session.flush()
    gone.phone = PHONE
    session.flush()
    session.execute(
        text(
            "INSERT INTO alias (township_id, words, key, grams, house_id, added_by) VALUES "
            "(:t, '测走人家', 'a', 'a', :h, 'test'), (:t, '老槐树下', 'b', 'b', :h, 'test')"
        ),
        {"t": made.area_id, "h": house.id},
    )
    return int(made.area_id)


def run(session: Session, day: date = DAY) -> Retention:
    session.flush()
    return retain(session, township(session), day, who="test")


def codes(session: Session, table: str) -> list[str]:
    return list(session.scalars(text(f"SELECT code FROM {table} ORDER BY code")))


def test_residents_past_their_time_go_from_every_place(session: Session, place: int):
    assert count(session, "history") == 2
    found = run(session)
    # Verified exactly 1,826 days ago is still kept.
    assert codes(session, "resident") == ["R3"]
    assert codes(session, "household") == ["F2"]
    assert session.scalars(text("SELECT words FROM alias")).all() == ["老槐树下"]
    assert count(session, "history") == 0
    lines = {line.table: line for line in found.lines}
    assert (lines["resident"].rows_before, lines["resident"].deleted) == (3, 2)
    assert (lines["resident"].rows_after, lines["household"].rows_after) == (1, 1)
    # Two changes, two deletions of residents, one of a household.
    assert found.history_deleted == 5
    # The citizen ID and the telephone that nobody else has; the shared one is somebody's.
    assert (found.values, found.left) == (2, 0)
    assert {("resident", "phone"), ("history", "old"), ("address_key", "number")} <= {
        (s.table, s.column) for s in found.searched
    }
    again = run(session)
    assert sum(line.deleted + line.emptied for line in again.lines) == 0


def test_what_is_left_somewhere_is_found_and_said(session: Session, place: int):
    create_event(
        session, township_row(session), None, text=f"报案人身份证{CITIZEN_ID}，已核对", code="E1"
    )
    session.execute(
        text(
            "INSERT INTO import_run (kind, file_name, sha256, who, mapping) VALUES "
            "('residents', 'r.csv', '0', 'test', jsonb_build_object('constants', CAST(:phone AS text)))"
        ),
        {"phone": PHONE},
    )
    found = run(session)
    assert {(s.table, s.column, s.left) for s in found.searched if s.left} == {
        ("event", "text", 1), ("import_run", "mapping", 1),
    }  # fmt: skip
    assert found.left == 2


def township_row(session: Session) -> t.Township:
    return session.query(t.Township).one()


def test_the_run_is_recorded_without_what_it_deleted(session: Session, place: int):
    found = run(session)
    row = session.execute(text("SELECT * FROM retention_run")).one()
    assert (row.id, row.as_of, row.who) == (found.run_id, DAY, "test")
    assert row.report["left"] == 0
    line = next(line for line in row.report["lines"] if line["table"] == "resident")
    assert (line["deleted"], line["rows_after"]) == (2, 1)
    for word in (CITIZEN_ID, PHONE, "测走人"):
        assert word not in json.dumps(row.report, ensure_ascii=False)


def test_closed_events_lose_their_words_and_keep_their_count(session: Session, place: int):
    township = township_row(session)
    closed = datetime(2020, 8, 29, 15, 59, tzinfo=UTC)
    for code, when in (("E1", closed), ("E2", closed + timedelta(days=2)), ("E3", None)):
        create_event(
            session, township, None, code=code, text="电话 19911112222", address="虚构路1号",
            reported_at=datetime(2020, 8, 1, tzinfo=UTC), closed_at=when,
        )  # fmt: skip
    found = run(session)
    rows = session.execute(text("SELECT code, text, address FROM event ORDER BY code")).all()
    assert [(r.code, r.text is None, r.address is None) for r in rows] == [
        ("E1", True, True), ("E2", False, False), ("E3", False, False),
    ]  # fmt: skip
    line = next(line for line in found.lines if line.table == "event")
    assert (line.emptied, line.rows_before, line.rows_after) == (1, 3, 3)
    assert session.scalar(text("SELECT count(*) FROM history WHERE table_name = 'event'")) == 0


def test_staff_who_left_long_ago_lose_name_and_telephone(session: Session, place: int):
    made = township_row(session)
    ended = DAY - timedelta(days=731)
    create_member(session, made, "a", code="S1", phone="19901000001",
                  during=(date(2020, 1, 1), ended))  # fmt: skip
    create_member(session, made, "a", code="S2", phone="19901000002",
                  during=(date(2020, 1, 1), ended + timedelta(1)))  # fmt: skip
    both = create_member(session, made, "a", code="S3", phone="19901000003",
                         during=(date(2020, 1, 1), ended))  # fmt: skip
    session.execute(
        text(
            "INSERT INTO team_member (township_id, staff_id, grid_code, role, during) "
            "VALUES (:t, :s, 'b', 'worker', '[2022-01-01,)')"
        ),
        {"t": place, "s": both.id},
    )
    logs_in = create_member(session, made, "b", code="S4", phone="19901000004",
                            during=(date(2020, 1, 1), ended))  # fmt: skip
    session.execute(
        text("INSERT INTO account (name, display_name, staff_id) VALUES ('s4', '测', :s)"),
        {"s": logs_in.id},
    )
    # How an account is reached goes with whose it was, unless they can still log in.
    session.execute(
        text(
            "INSERT INTO account (name, display_name, staff_id, active) "
            "SELECT 's1', '测', id, false FROM staff WHERE code = 'S1'"
        )
    )
    session.execute(
        text("INSERT INTO outbox_person (account_id, address) SELECT id, name FROM account")
    )
    found = run(session)
    assert session.scalars(text("SELECT address FROM outbox_person")).all() == ["s4"]
    rows = session.execute(text("SELECT code, name, phone FROM staff ORDER BY code")).all()
    assert [(r.code, r.name == GONE_NAME, r.phone is None) for r in rows] == [
        ("S1", True, True), ("S2", False, False), ("S3", False, False), ("S4", False, False),
    ]  # fmt: skip
    assert count(session, "team_member") == 5
    assert session.scalar(text("SELECT count(*) FROM history WHERE table_name = 'staff'")) == 0
    assert found.left == 0


def test_visits_corrections_and_old_states_go_after_their_days(session: Session, place: int):
    house = session.scalar(text("SELECT id FROM house"))
    edge = DAY - timedelta(days=1096)
    for code, day in (("V1", edge - timedelta(1)), ("V2", edge)):
        session.execute(
            text(
                "INSERT INTO visit (township_id, code, house_id, visited_on) "
                "VALUES (:t, :code, :h, :day)"
            ),
            {"t": place, "code": code, "h": house, "day": day},
        )
    session.execute(
        text(
            "INSERT INTO correction_request (township_id, table_name, row_id, column_name, asked_by,"
            " state, decided_by, decided_at) SELECT :t, 'resident', 1000 + n, 'name', '本人', "
            "'accepted', 'test', CAST(:day AS date) - n FROM generate_series(0, 1) n"
        ),
        {"t": place, "day": edge},
    )
    session.execute(
        text(
            "INSERT INTO history (table_name, row_id, action, old, changed_at) VALUES "
            "('resident', 999, 'update', '{}', CAST(:day AS date) - 732), "
            "('resident', 998, 'update', '{}', CAST(:day AS date) - 700), "
            "('area', 997, 'update', '{}', CAST(:day AS date) - 3000)"
        ),
        {"day": DAY},
    )
    run(session)
    assert codes(session, "visit") == ["V2"]
    assert session.scalars(text("SELECT row_id FROM correction_request")).all() == [1000]
    kept = session.scalars(text("SELECT row_id FROM history ORDER BY 1")).all()
    assert kept == [997, 998]


def test_messages_go_after_their_days_with_their_deliveries(session: Session, place: int):
    edge = DAY - timedelta(days=180)
    session.execute(
        text(
            "INSERT INTO account (name, display_name) VALUES ('leser', '测');"
            "SELECT tell(jsonb_agg(jsonb_build_object('key', n, 'kind', 'task', 'urgent', false, 'town', "
            f"{place}, 'subject', 'case', 'subject_id', n, 'code', 'E-' || n, 'account', k.id))) "
            "FROM generate_series(0, 1) n, account k"
        )
    )
    session.execute(
        text("UPDATE outbox_message SET at = CAST(:edge AS date) - subject_id::int + time '12:00'"),
        {"edge": edge},
    )
    run(session)
    assert session.scalars(text("SELECT code FROM outbox_message")).all() == ["E-0"]
    assert count(session, "outbox_delivery") == 1


def test_deletions_stand_in_the_audit(session: Session, place: int):
    run(session)
    entries = session.execute(
        text(
            "SELECT subject, cardinality(row_ids) AS n FROM audit_entry WHERE action = 'retention'"
        )
    ).all()
    assert {(e.subject, e.n) for e in entries} == {("resident", 2), ("household", 1)}


def test_how_long_what_is_kept_is_a_setting(session: Session, place: int):
    change_township(session, township(session).code, ["keeping.register=3000"])
    run(session)
    assert codes(session, "resident") == ["R1", "R2", "R3"]


def town_today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


@pytest.mark.thorough
def test_backups_that_still_hold_what_is_gone_are_named(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    with transaction(engine) as session:
        made = create_township(session, "a b")
        create_plan(session, made, "a b")
        house = create_house(session, made, spot(0.5, 0.5))
        household = create_household(session, house, verified_on=OLD)
        create_resident(session, household, phone=PHONE, verified_on=OLD, code="R1")
    saved = gisgrid(engine, "db", "backup", "town.dump")
    assert "to be destroyed by" in saved.output, saved.output
    late = str(town_today() + timedelta(days=91))  # a day more than it may be kept
    dry = gisgrid(engine, "retention", "--as-of", late)
    assert dry.exit_code == 0, dry.output
    assert "town.dump OVERDUE: destroy it" in dry.output
    assert "0 rows left" in dry.output
    with transaction(engine) as session:
        assert codes(session, "resident") == ["R1"]
    done = gisgrid(engine, "retention", "--as-of", str(town_today()), "--commit")
    assert "still holds what was deleted since" in done.output
    assert "OVERDUE" not in done.output
    with transaction(engine) as session:
        assert codes(session, "resident") == []
        assert count(session, "retention_run") == 1
        (held,) = backups(session)
        with pytest.raises(Conflict, match="still there"):
            note_destroyed(session, held.id)
    Path("town.dump").unlink()
    assert "not there any more" in gisgrid(engine, "db", "backups").output
    assert gisgrid(engine, "db", "destroyed", str(held.id), "--commit").exit_code == 0
    assert gisgrid(engine, "db", "backups").output == ""
    with transaction(engine) as session, pytest.raises(NotFound):
        note_destroyed(session, held.id)


@pytest.mark.thorough
def test_a_restore_brings_back_what_was_deleted_and_says_so(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    gisgrid(engine, "db", "backup", "one.dump")
    gisgrid(engine, "db", "backup", "two.dump")
    restored = gisgrid(engine, "db", "restore", "one.dump", "--commit")
    assert "run gisgrid retention" in restored.output, restored.output
    listed = gisgrid(engine, "db", "backups").output
    # The restored store was made before either was recorded; it knows both all the same.
    assert "one.dump" in listed
    assert "two.dump" in listed
    assert "put aside by a restore" in listed


def test_the_strictest_township_decides_how_long_a_backup_is_kept(session: Session, tmp_path: Path):
    create_township(session, "a b", keeping={"backups": 30})
    create_township(session, "a b")
    (tmp_path / "x.dump").write_bytes(b"x")
    made = note_backup(session, tmp_path / "x.dump")
    assert (made.keep_until - town_today()).days == 30


def test_the_log_of_a_case_keeps_its_steps_and_loses_its_words(session: Session):
    township = place_of_cases(session)
    walk = handled(session, township, text="电话 19911112222", contact=PHONE, reporter="ce.shi")
    session.execute(text("UPDATE event SET closed_at = '2023-08-16 12:00+08'"))
    steps = count(session, "case_step")
    kept = run(session, date(2023, 8, 16) + timedelta(days=1096))
    assert sum(line.emptied for line in kept.lines) == 0
    run(session, date(2023, 8, 16) + timedelta(days=1097))
    row = session.execute(text("SELECT text, contact, reporter FROM event")).one()
    assert tuple(row) == (None, None, None)
    assert session.scalar(text("SELECT count(*) FROM case_step WHERE note IS NOT NULL")) == 0
    assert count(session, "case_step") == steps
    # Nobody else may touch it, now as before.
    with pytest.raises(DBAPIError, match="stays"), session.begin_nested():
        session.execute(text("UPDATE case_step SET note = 'x'"))
    assert walk.now.state
