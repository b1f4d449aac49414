"""Who asks what is held on them, at the office's page: noted, decided, put together by the worker, handed over."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict
from gisgrid.core.plans import TownshipInfo, township
from gisgrid.db.store import transaction
from gisgrid.jobs import office_jobs, office_tasks
from gisgrid.locate.addresses.gazetteer import index_addresses
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.office import TOWN, Keeper, able, staffed_town

GRID = "999901001001001"
PAGE = "/office/subjects"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, Any]]:
    """A small town with its government, a clerk and a worker; and the person who asks."""

    def town(session: Session) -> dict[str, Any]:
        made: dict[str, Any] = staffed_town(session)
        made["worker"] = appointed(session, "grid_worker", grid=GRID, name="worker")
        made["government"] = able(session, "asked", "township_government", TOWN)
        row = session.execute(
            text(
                "UPDATE resident SET name = '测查阅', phone = '19900008888' WHERE id = (SELECT min(id) FROM resident) "
                "RETURNING id, household_id"
            )
        ).one()
        made["resident"], made["address"] = row.id, "康成街9号"
        session.execute(
            text(
                "UPDATE house SET address = '康成街9号' WHERE id = (SELECT house_id FROM household WHERE id = :f)"
            ),
            {"f": row.household_id},
        )
        index_addresses(session, township(session).id)
        return made

    return town


@pytest.fixture
def store(engine: Engine, made: dict[str, Any]) -> tuple[Engine, dict[str, Any]]:
    return engine, made


def noted(keeper: Keeper, made: dict[str, Any]) -> int:
    """The number of a request that was noted at the page."""
    answer = keeper.post(PAGE, address=made["address"], name="测 查阅")
    assert answer.status_code == 303, answer.text
    return int(keeper.scalar("SELECT max(id) FROM subject_request"))


def test_a_request_is_noted_agreed_to_put_together_and_answered(
    store: tuple[Engine, dict[str, Any]],
):
    engine, made = store
    office = Keeper(engine, made["government"])
    number = noted(office, made)
    page = office.get(PAGE).text
    assert "to be decided" in page and "测*" in page and "测查阅" not in page
    due = office.scalar(
        "SELECT due_on - (asked_at AT TIME ZONE 'Asia/Shanghai')::date FROM subject_request"
    )
    assert due == 30
    assert office.post(f"{PAGE}/{number}", decision="agree").status_code == 303
    assert "being put together" in office.get(PAGE).text
    jobs = office.get("/office/jobs").text
    assert "Putting together what is held on somebody" in jobs and f"request {number}" in jobs
    assert office_jobs.do_asked(engine) == 1
    page = office.get(PAGE).text
    assert "ready to be handed over" in page and "kept here until" in page
    file = office.post(f"{PAGE}/{number}/file")
    assert file.headers["Content-Disposition"] == f"attachment; filename=request-{number}.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(file.data))
    said = str([list(sheet.values) for sheet in book.worksheets])
    assert "测查阅" in said and "19900008888" in said and "PIPL" in said
    assert office.post(f"{PAGE}/{number}/answered").status_code == 303
    assert office.scalar("SELECT answer FROM subject_request") is None
    assert office.post(f"{PAGE}/{number}/file").status_code == 404
    ended = office.get(f"{PAGE}?state=ended").text
    assert "answered by 测试asked" in ended
    assert "已答复" in office.get(f"{PAGE}?state=ended&lang=zh").text
    with transaction(engine) as session:
        rows = session.execute(
            text(
                "SELECT account_name, action, subject, purpose FROM audit_entry "
                "WHERE action IN ('find', 'ask', 'agree', 'subject', 'take', 'answer') ORDER BY id"
            )
        ).all()
        kept = session.execute(text("SELECT to_jsonb(o) FROM office_job o")).scalars().all()
    assert [tuple(row)[1:3] for row in rows] == [
        ("find", "resident"), ("ask", "subject_request"), ("agree", "subject_request"),
        ("subject", "resident"), ("take", "subject_request"), ("answer", "subject_request"),
    ]  # fmt: skip
    assert {row.account_name for row in rows} == {"asked"}
    assert rows[3].purpose == rows[4].purpose == "subject"
    assert "测查阅" not in str(kept), "the order names nobody"


def test_a_refusal_needs_a_reason_and_one_person_has_one_open_request(
    store: tuple[Engine, dict[str, Any]],
):
    engine, made = store
    office = Keeper(engine, made["government"])
    number = noted(office, made)
    twice = office.post(PAGE, address=made["address"], name="测查阅")
    assert twice.status_code == 409 and "open already" in twice.text
    assert office.post(f"{PAGE}/{number}", decision="refuse", reason=" ").status_code == 422
    assert office.post(f"{PAGE}/{number}").status_code == 422
    assert (
        office.post(f"{PAGE}/{number}", decision="refuse", reason="代理人无委托书").status_code
        == 303
    )
    assert "代理人无委托书" in office.get(f"{PAGE}?state=ended").text
    late = office.post(f"{PAGE}/{number}", decision="agree")
    assert late.status_code == 409 and "stands elsewhere" in late.text
    assert office.post(f"{PAGE}/999", decision="agree").status_code == 404
    assert noted(office, made) != number, "they may ask again"


def test_who_is_meant_is_asked_in_words(store: tuple[Engine, dict[str, Any]]):
    engine, made = store
    office = Keeper(engine, made["government"])
    for form, status, words in (
        ({"address": made["address"], "name": "测没有"}, 404, "Nobody of that name"),
        ({"address": made["address"], "name": " "}, 422, "Write the name"),
        ({"address": "Atlantis Avenue 7", "name": "测查阅"}, 404, "Nothing in the register"),
        ({"address": made["address"], "name": "测查阅", "born": "x"}, 422, "born is"),
        (
            {"address": made["address"], "name": "测查阅", "born": "1890-01-01"},
            404,
            "Nobody of that",
        ),
    ):
        answer = office.post(PAGE, **form)
        assert (answer.status_code, words in answer.text) == (status, True), form
    assert office.scalar("SELECT count(*) FROM subject_request") == 0


def test_the_worker_asks_again_for_the_right_of_who_ordered(store: tuple[Engine, dict[str, Any]]):
    engine, made = store
    office = Keeper(engine, made["government"])
    number = noted(office, made)
    office.post(f"{PAGE}/{number}", decision="agree")
    with transaction(engine) as session:
        session.execute(
            text(
                "DELETE FROM role_right WHERE right_name = 'answer_subjects' AND role = 'township_government'"
            )
        )
    office_jobs.do_asked(engine)
    with transaction(engine) as session:
        assert session.scalar(text("SELECT state FROM subject_request")) == "failed"
        assert (
            session.scalar(text("SELECT count(*) FROM audit_entry WHERE action = 'subject'")) == 0
        )
        session.execute(
            text("INSERT INTO role_right VALUES ('township_government', 'answer_subjects')")
        )
    page = office.get(PAGE).text
    assert "failed" in page and "in all of" in page, "why it failed stands there"
    assert office.get("/office/jobs?state=failed").text.count("Do it again") >= 1
    key = office.scalar("SELECT max(id) FROM office_job")
    assert office.post("/office/jobs/again", road="office", key=str(key)).status_code == 303
    office_jobs.do_asked(engine)
    assert office.scalar("SELECT state FROM subject_request") == "ready"


def test_an_order_that_waits_is_stopped_and_the_request_is_to_be_decided_again(
    store: tuple[Engine, dict[str, Any]],
):
    engine, made = store
    office = Keeper(engine, made["government"])
    number = noted(office, made)
    office.post(f"{PAGE}/{number}", decision="agree")
    key = office.scalar("SELECT max(id) FROM office_job")
    assert office.post("/office/jobs/stop", road="office", key=str(key)).status_code == 303
    assert office.scalar("SELECT state FROM subject_request") == "asked"
    assert office_jobs.do_asked(engine) == 0


def test_a_stopped_answer_that_breaks_late_spoils_not_the_order_that_followed(
    store: tuple[Engine, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    engine, made = store
    office = Keeper(engine, made["government"])
    number = noted(office, made)
    office.post(f"{PAGE}/{number}", decision="agree")
    first = office.scalar("SELECT max(id) FROM office_job")

    def breaks_late(session: Session, place: TownshipInfo, resident: int) -> object:
        assert office.post("/office/jobs/stop", road="office", key=str(first)).status_code == 303
        assert office.post(f"{PAGE}/{number}", decision="agree").status_code == 303
        raise Conflict("x")

    monkeypatch.setattr(office_tasks, "subject_of", breaks_late)
    office_jobs.do_asked(engine)
    states = "SELECT string_agg(state, ' ' ORDER BY id) FROM office_job WHERE request_id = :n"
    kept = "SELECT state FROM subject_request WHERE id = :n"
    assert office.scalar(states, n=number) == "cancelled waiting"
    assert office.scalar(kept, n=number) == "making"
    monkeypatch.undo()
    office_jobs.do_asked(engine)
    assert office.scalar(states, n=number) == "cancelled done"
    assert office.scalar(kept, n=number) == "ready"


def test_an_answer_that_is_being_put_together_is_stopped_and_comes_to_nothing(
    store: tuple[Engine, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
):
    engine, made = store
    office = Keeper(engine, made["government"])
    number = noted(office, made)
    office.post(f"{PAGE}/{number}", decision="agree")
    whole = office_tasks.subject_of

    def stopped_meanwhile(session: Session, place: TownshipInfo, resident: int) -> object:
        assert "Stop this job?" in office.get("/office/jobs?state=busy").text
        key = office.scalar("SELECT max(id) FROM office_job")
        assert office.post("/office/jobs/stop", road="office", key=str(key)).status_code == 303
        return whole(session, place, resident)

    monkeypatch.setattr(office_tasks, "subject_of", stopped_meanwhile)
    office_jobs.do_asked(engine)
    kept = "SELECT state || ' ' || (answer IS NULL) FROM subject_request WHERE id = :n"
    assert office.scalar(kept, n=number) == "asked true"
    assert office.scalar("SELECT string_agg(state, ' ') FROM office_job") == "cancelled"
    monkeypatch.undo()
    office.post(f"{PAGE}/{number}", decision="agree")
    office_jobs.do_asked(engine)
    assert office.scalar(kept, n=number) == "ready false"


def test_an_answer_that_nobody_hands_over_goes_after_its_days(store: tuple[Engine, dict[str, Any]]):
    engine, made = store
    office = Keeper(engine, made["government"])
    number = noted(office, made)
    office.post(f"{PAGE}/{number}", decision="agree")
    office_jobs.do_asked(engine)
    kept = office.scalar(
        "SELECT gone_on - (now() AT TIME ZONE 'Asia/Shanghai')::date FROM subject_request"
    )
    assert kept == 14
    with transaction(engine) as session:
        session.execute(text("UPDATE subject_request SET gone_on = '2020-01-01'"))
    office_jobs.do_asked(engine)
    assert office.scalar("SELECT answer FROM subject_request") is None
    assert "kept too long, deleted" in office.get(PAGE).text
    assert office.post(f"{PAGE}/{number}", decision="agree").status_code == 303, "once more"


def test_a_record_that_goes_meanwhile_is_told(store: tuple[Engine, dict[str, Any]]):
    engine, made = store
    office = Keeper(engine, made["government"])
    number = noted(office, made)
    with transaction(engine) as session:
        session.execute(text("DELETE FROM resident WHERE id = :r"), {"r": made["resident"]})
    office.post(f"{PAGE}/{number}", decision="agree")
    office_jobs.do_asked(engine)
    page = office.get(PAGE).text
    assert "The record of whoever asks is gone." in page


def test_only_who_answers_people_in_the_whole_township_comes_near(
    store: tuple[Engine, dict[str, Any]],
):
    engine, made = store
    number = noted(Keeper(engine, made["government"]), made)
    Keeper(engine, made["government"]).post(f"{PAGE}/{number}", decision="agree")
    office_jobs.do_asked(engine)
    for who in ("clerk", "worker"):
        other = Keeper(engine, made[who])
        assert other.get(PAGE).status_code == 403
        for path in ("", f"/{number}", f"/{number}/file", f"/{number}/answered"):
            assert other.post(PAGE + path, decision="agree").status_code == 403
        with acting(web_engine(engine), made[who], purpose="subject") as session:
            refused(session, "SELECT answer FROM subject_request")
            refused(session, f"SELECT take_answer({number}, (SELECT area_id FROM township))")
            refused(session, "SELECT residents_named(1, 'x', NULL)")
            assert session.scalar(text("SELECT count(*) FROM subject_request")) == 0
            assert session.scalar(text("SELECT count(*) FROM office_job")) == 0
            for kind in ("subject", "retention"):
                refused(
                    session,
                    "INSERT INTO office_job (township_id, kind, request_id, account_id, who) SELECT area_id, "
                    f"'{kind}', {number if kind == 'subject' else 'NULL'}, {made[who]}, 'x' FROM township",
                )
    with acting(web_engine(engine), made["government"], purpose="subject") as session:
        refused(session, "UPDATE subject_request SET answer = 'x'")
