"""Everything held on one person, from every table, for a declared purpose and on the audit."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import AmbiguousAddress, Invalid, NotAllowed, NotFound
from gisgrid.core.plans import township
from gisgrid.db.store import Actor, transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.people.accounts import add_account
from gisgrid.people.privacy.data_inventory import FIELDS
from gisgrid.people.privacy.subject_access import LEFT_OUT, SECTIONS, subject, subject_sheets
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

FOR_THE_PERSON = Actor(purpose="subject", origin="test")
PHONE = "19900000001"


@pytest.fixture
def store(engine: Engine) -> Engine:
    """A person who has left traces everywhere, neighbours of whom nothing may be told, a namesake."""
    with transaction(engine) as session:
        made = create_township(session, "a b")
        create_plan(session, made, "a b")
        house = create_house(session, made, spot(0.5, 0.5), address="康成街9号", code="H1")
        other = create_house(session, made, spot(1.5, 0.5), address="康成街19号", code="H2")
        home = create_household(session, house, code="F1", room="1室")
        person = create_resident(
            session, home, code="R1", name="测某人", citizen_id=CITIZEN_ID, phone=PHONE,
            birth_date=date(1954, 4, 4), needs=["living_alone"],
        )  # fmt: skip
        create_resident(session, home, code="R2", name="测家人", phone="19900000002")
        create_resident(session, home, code="R3", name="测同名", birth_date=date(1980, 1, 1))
        create_resident(session, home, code="R4", name="测同名", birth_date=date(1990, 1, 1))
        create_resident(session, create_household(session, other), code="R5", name="测某人")
        person.phone = "19900000003"
        session.flush()
        person.phone = PHONE
        session.flush()
        create_event(session, made, spot(0.5, 0.5), code="E1", text=f"来电 {PHONE}，噪声")
        create_event(session, made, spot(0.5, 0.5), code="E2", text="测家人反映路灯不亮")
        create_member(session, made, "a", "worker", code="S1", name="测某人", phone=PHONE)
        create_member(session, made, "b", "worker", code="S2", name="测某人", phone="19900000009")
        session.execute(
            text(
                "INSERT INTO visit (township_id, code, house_id, visited_on) VALUES "
                "(:t, 'V1', :h, '2023-05-01'), (:t, 'V2', :o, '2023-05-02')"
            ),
            {"t": made.area_id, "h": house.id, "o": other.id},
        )
        session.execute(
            text(
                "INSERT INTO correction_request (township_id, table_name, row_id, column_name, "
                "proposed, asked_by) VALUES (:t, 'resident', :r, 'sex', 'f', '本人')"
            ),
            {"t": made.area_id, "r": person.id},
        )
        index_addresses(session, made.area_id)
    return engine


def ask(session: Session, address: str = "康成街9号", name: str = "测某人", **more: date):
    return subject(session, township(session), address, name, **more)


def test_everything_is_told_and_nothing_of_others(store: Engine):
    with transaction(store, actor=FOR_THE_PERSON) as session:
        found = ask(session)
    held = {s.table: s.rows for s in found.sections}
    assert held["resident"][0]["citizen_id"] == CITIZEN_ID
    assert held["household"][0]["room"] == "1室"
    assert held["house"][0]["address"] == "康成街9号"
    assert [row["old"]["phone"] for row in held["history"]] == [PHONE, "19900000003"]
    assert [row["code"] for row in held["event"]] == ["E1"]
    assert [row["code"] for row in held["visit"]] == ["V1"]
    assert [row["proposed"] for row in held["correction_request"]] == ["f"]
    # Somebody of the same name with another telephone is somebody else.
    assert [row["code"] for row in held["staff"]] == ["S1"]
    assert [row["grid"] for row in held["team_member"]] == ["a"]
    words = json.dumps(found.as_json(), ensure_ascii=False, default=str)
    for foreign in ("测家人", "测同名", "19900000002", "19900000009", "E2", "H2"):
        assert foreign not in words
    told = {(p["table"], p["column"]): p for p in found.purposes}
    assert told["resident", "citizen_id"]["legal_basis"].startswith("PIPL")
    assert told["event", "text"]["days"] == 1096


def test_an_answer_at_the_door_is_told_only_where_one_household_lives(store: Engine):
    with transaction(store) as session:
        office = add_account(session, "office", "测试甲")
        for statement in (
            "INSERT INTO collection_task (township_id, title, purpose, due_on, made_by) "
            "SELECT area_id, '用水普查', 'care', '2023-06-01', '测试甲' FROM township",
            "INSERT INTO collection_question (task_id, number, name, kind, label) "
            "SELECT id, 1, 'q1', 'text', '水管材料' FROM collection_task",
            "INSERT INTO collection_answer (township_id, task_id, question_id, house_id, value, account_id, who, client_id) "
            "SELECT h.township_id, q.task_id, q.id, h.id, '虚构铁管', :account, '测试甲', 'k' "
            "FROM collection_question q, house h WHERE h.code = 'H1'",
        ):  # fmt: skip
            values = {"account": office.id} if ":account" in statement else {}
            session.execute(text(statement), values)
    with transaction(store, actor=FOR_THE_PERSON) as session:
        ((told,),) = (s.rows for s in ask(session).sections if s.table == "collection_answer")
    assert (told["question"], told["value"]) == ("水管材料", "虚构铁管")
    with transaction(store) as session:
        session.execute(
            text(
                "INSERT INTO household (township_id, code, house_id) "
                "SELECT township_id, 'F9', id FROM house WHERE code = 'H1'"
            )
        )
    with transaction(store, actor=FOR_THE_PERSON) as session:
        found = ask(session)
    ((told,),) = (s.rows for s in found.sections if s.table == "collection_answer")
    assert told["question"] == "水管材料"
    assert "虚构铁管" not in json.dumps(found.as_json(), ensure_ascii=False, default=str)


def test_the_reading_stands_in_the_audit_of_the_same_transaction(store: Engine):
    with transaction(store, actor=FOR_THE_PERSON) as session:
        first = ask(session)
    with transaction(store) as session:
        entry = session.execute(text("SELECT * FROM audit_entry")).one()
        assert (entry.action, entry.subject, entry.row_ids) == (
            "subject", "resident", [first.resident_id],
        )  # fmt: skip
        assert (entry.purpose, entry.origin) == ("subject", "test")
    # Who has read it is itself held on the person.
    with transaction(store, actor=FOR_THE_PERSON) as session:
        rows = {s.table: s.rows for s in ask(session).sections}["audit_entry"]
    assert [row["purpose"] for row in rows] == ["subject", "subject"]


@pytest.mark.parametrize("purpose", [None, "", "curiosity"])
def test_without_a_declared_purpose_nothing_is_told(store: Engine, purpose: str | None):
    with pytest.raises(NotAllowed), transaction(store, actor=Actor(purpose=purpose)) as session:
        ask(session)
    with transaction(store) as session:
        assert session.scalar(text("SELECT count(*) FROM audit_entry")) == 0


def test_who_is_meant_is_asked_and_nothing_is_given_away(store: Engine):
    with transaction(store, actor=FOR_THE_PERSON) as session:
        with pytest.raises(Invalid, match="2 people of that name") as twice:
            ask(session, name="测同名")
        assert "1980" not in twice.value.message
        assert ask(session, name="测 同名", born=date(1980, 1, 1)).name == "测同名"
        for name in ("测没有", ""):
            with pytest.raises(NotFound, match="Nobody of that name"):
                ask(session, name=name)
        with pytest.raises(AmbiguousAddress) as which:
            ask(session, address="康成街")
        assert {c["code"] for c in which.value.facts["candidates"]} == {"H1", "H2"}
        with pytest.raises(NotFound, match="Nothing in the register"):
            ask(session, address="Atlantis Avenue 7")


def test_every_table_with_personal_data_is_in_the_answer_or_left_out_for_a_reason():
    personal = {f.table for f in FIELDS}
    assert personal - set(SECTIONS) - set(LEFT_OUT) == set()
    assert set(SECTIONS) & set(LEFT_OUT) == set()
    assert set(LEFT_OUT) <= personal
    assert set(SECTIONS) - personal == {"house"}


def test_the_command_writes_files_and_asks(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    ask_for = ("subject", "康成街9号", "测某人", "--purpose")
    shown = gisgrid(store, *ask_for, "subject")
    assert shown.exit_code == 0, shown.output
    assert CITIZEN_ID in shown.output
    done = gisgrid(store, *ask_for, "subject", "--json", "s.json", "--xlsx", "s.xlsx")
    assert CITIZEN_ID not in done.output
    held = json.loads(Path("s.json").read_text("utf-8"))["held"]
    assert held["resident"][0]["citizen_id"] == CITIZEN_ID
    book = openpyxl.load_workbook("s.xlsx")
    assert book.sheetnames[0] == "居民 resident"
    cells = [cell.value for row in book["居民 resident"].iter_rows() for cell in row]
    assert CITIZEN_ID in cells
    refused = gisgrid(store, *ask_for, "curiosity")
    assert refused.exit_code == 2
    assert CITIZEN_ID not in refused.output
    which = gisgrid(store, "subject", "康成街", "测某人", "--purpose", "subject")
    assert which.exit_code == 2
    assert "康成街19号 (H2)" in which.output
    with transaction(store) as session:
        origins = session.scalars(text("SELECT DISTINCT origin FROM audit_entry")).all()
        assert origins == ["terminal: test"]
        assert len(subject_sheets(ask_all(session)))


def ask_all(session: Session):
    session.execute(text("SELECT set_config('gisgrid.purpose', 'subject', true)"))
    return ask(session)
