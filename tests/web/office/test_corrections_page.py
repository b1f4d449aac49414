"""Requests for correction at the office's page: seen masked, opened for a purpose, decided by the ground's clerk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.outbox import inbox
from gisgrid.people.privacy import corrections
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.database import Filled
from tests.support.lists import GRID, fill_lists
from tests.support.office import Keeper

PAGE = "/office/corrections"


def people_of_the_lists(session: Session) -> dict[str, int]:
    made = fill_lists(session)
    made["other"] = appointed(session, "community_clerk", "999901001201", name="other")
    made["worker"] = appointed(session, "grid_worker", grid=GRID, name="worker")
    return made


@pytest.fixture
def store(filled_town: Filled) -> Iterator[tuple[Engine, dict[str, int]]]:
    with filled_town(people_of_the_lists) as own:
        yield own


def ask(engine: Engine, column: str, value: str, by: str) -> int:
    """Ask a correction of the same resident as the first request."""
    with transaction(engine) as session:
        code = session.scalar(
            text(
                "SELECT r.code FROM correction_request c JOIN resident r ON r.id = c.row_id ORDER BY c.id LIMIT 1"
            )
        )
        return corrections.ask(
            session, township(session).id, table="resident", code=code or "", column=column,
            proposed=value, asked_by=by,
        )  # fmt: skip


def listed(page: str) -> list[str]:
    return re.findall(r'data-correction="(\d+)"', page)


def test_values_are_masked_until_opened_for_a_purpose(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    clerk = Keeper(engine, made["clerk"])
    page = clerk.get(PAGE).text
    assert listed(page) == ["1"]
    assert "测更名" not in page
    assert "测*" in page
    assert "虚拟亲属" not in page
    assert "测更名" not in str(clerk.get(f"{PAGE}?as=xlsx").data)
    opened = clerk.post(f"{PAGE}/open", purpose="verify")
    assert "测更名" in opened.text and "虚拟亲属" in opened.text and "recorded" in opened.text
    for purpose in ("curiosity", ""):
        refusal = clerk.post(f"{PAGE}/open", purpose=purpose)
        assert refusal.status_code == 403 and "测更名" not in refusal.text
    with transaction(engine) as session:
        rows = session.execute(
            text(
                "SELECT account_name, subject, row_ids, purpose FROM audit_entry WHERE action = 'unmask'"
            )
        ).all()
    assert [tuple(row) for row in rows] == [("clerk", "correction_request", [1], "verify")]


def test_accepting_changes_the_record_and_keeps_its_former_state(
    store: tuple[Engine, dict[str, int]],
):
    engine, made = store
    clerk = Keeper(engine, made["clerk"])
    was = clerk.scalar("SELECT r.name FROM correction_request c JOIN resident r ON r.id = c.row_id")
    done = clerk.post(f"{PAGE}/1", decision="accept")
    assert done.status_code == 303 and "the record is changed" in clerk.get(PAGE).text
    assert (
        clerk.scalar("SELECT r.name FROM correction_request c JOIN resident r ON r.id = c.row_id")
        == "测更名"
    )
    kept = clerk.scalar(
        "SELECT h.old ->> 'name' FROM history h JOIN correction_request c ON c.row_id = h.row_id WHERE h.table_name = 'resident'"
    )
    assert kept == was
    assert clerk.scalar("SELECT decided_by FROM correction_request") == "测试community_clerk"
    assert listed(clerk.get(f"{PAGE}?state=accepted").text) == ["1"]
    again = clerk.post(f"{PAGE}/1", decision="refuse", reason="晚了")
    assert again.status_code == 409 and "accepted already" in again.text


def test_a_refusal_needs_a_reason_and_changes_nothing(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    clerk = Keeper(engine, made["clerk"])
    was = clerk.scalar(
        "SELECT name FROM resident WHERE id = (SELECT row_id FROM correction_request)"
    )
    missing = clerk.post(f"{PAGE}/1", decision="refuse", reason=" ")
    assert missing.status_code == 422 and "A refusal needs a reason" in missing.text
    assert clerk.post(f"{PAGE}/1").status_code == 422
    assert clerk.post(f"{PAGE}/1", decision="refuse", reason="与证件不符").status_code == 303
    page = clerk.get(f"{PAGE}?state=refused").text
    assert "与证件不符" in page and "测试community_clerk" in page
    assert was == clerk.scalar(
        "SELECT name FROM resident WHERE id = (SELECT row_id FROM correction_request)"
    )


def test_only_the_clerk_of_the_ground_sees_and_decides(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    other, worker = Keeper(engine, made["other"]), Keeper(engine, made["worker"])
    assert listed(other.get(PAGE).text) == []
    assert other.post(f"{PAGE}/1", decision="accept").status_code == 403
    assert other.post(f"{PAGE}/999", decision="accept").status_code == 404
    assert worker.get(PAGE).status_code == 403
    assert worker.post(f"{PAGE}/1", decision="accept").status_code == 403
    assert other.scalar("SELECT state FROM correction_request") == "open"


def test_nobody_decides_what_they_asked_and_who_asked_hears(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    own = ask(engine, "phone", "19900001234", "clerk")
    clerk = Keeper(engine, made["clerk"])
    refusal = clerk.post(f"{PAGE}/{own}", decision="accept")
    assert refusal.status_code == 409 and "does not decide" in refusal.text
    government = Keeper(engine, made["government"])
    assert government.post(f"{PAGE}/{own}", decision="accept").status_code == 303
    heard = "SELECT count(*) FROM outbox_message m JOIN outbox_delivery d ON d.message_id = m.id WHERE m.kind = 'correction' AND d.account_id = :a"  # fmt: skip
    assert clerk.scalar(heard, a=made["clerk"]) >= 1


def test_a_record_that_is_gone_is_told_and_can_be_refused(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    government = Keeper(engine, made["government"])
    with transaction(engine) as session:
        session.execute(
            text("DELETE FROM resident WHERE id = (SELECT row_id FROM correction_request)")
        )
    assert "gone" in government.get(PAGE).text
    told = government.post(f"{PAGE}/1", decision="accept")
    assert told.status_code == 404 and "is gone" in told.text
    assert government.post(f"{PAGE}/1", decision="refuse", reason="已迁出").status_code == 303


def test_the_store_itself_refuses_who_goes_past_the_page(store: tuple[Engine, dict[str, int]]):
    engine, made = store
    decide: Any = "SELECT decide_correction(1, (SELECT area_id FROM township), true, 'x', NULL)"
    with acting(web_engine(engine), made["worker"]) as session:
        refused(session, "SELECT proposed FROM correction_request")
        refused(session, decide)
        refused(
            session, "SELECT * FROM list_corrections((SELECT area_id FROM township), NULL, true)"
        )
        assert (
            session.execute(
                text("SELECT * FROM list_corrections((SELECT area_id FROM township), NULL, false)")
            ).all()
            == []
        )


def test_whoever_sees_a_register_asks_at_the_house_and_the_clerk_decides(
    store: tuple[Engine, dict[str, int]],
):
    engine, made = store
    worker, clerk = Keeper(engine, made["worker"]), Keeper(engine, made["clerk"])
    person = worker.scalar("SELECT row_id FROM correction_request")
    house = worker.scalar(
        "SELECT f.house_id FROM resident r JOIN household f ON f.id = r.household_id WHERE r.id = :r",
        r=person,
    )
    page = f"/register/house/{house}/correction"
    assert f"{page}?resident={person}" in worker.get(f"/register/house/{house}").text
    assert "column=phone" in worker.get(f"{page}?resident={person}").text
    wrong = worker.post(page, resident=str(person), column="phone", phone="x")
    assert wrong.status_code == 422 and "not a telephone number" in wrong.text
    asked = worker.post(page, resident=str(person), column="phone", phone="19900004321")
    assert asked.status_code == 303
    assert "written down. The clerk decides." in worker.get(f"/register/house/{house}").text
    again = worker.post(page, resident=str(person), column="phone", phone="19900001111")
    assert again.status_code == 409 and "waits already" in again.text
    assert worker.scalar("SELECT phone FROM resident WHERE id = :r", r=person) != "19900004321"
    today = clerk.get("/").text
    assert re.search(r'data-card="corrections".*?card-number">2<', today, re.DOTALL)
    assert "19900004321" not in clerk.get(PAGE).text
    assert clerk.post(f"{PAGE}/2", decision="accept").status_code == 303
    assert worker.scalar("SELECT phone FROM resident WHERE id = :r", r=person) == "19900004321"
    heard = "SELECT count(*) FROM outbox_message m JOIN outbox_delivery d ON d.message_id = m.id WHERE m.kind = 'correction' AND d.account_id = :a"  # fmt: skip
    assert worker.scalar(heard, a=made["worker"]) >= 1


def test_nobody_asks_about_a_house_they_do_not_see_or_a_value_that_is_not_corrected(
    store: tuple[Engine, dict[str, int]],
):
    engine, made = store
    other, worker = Keeper(engine, made["other"]), Keeper(engine, made["worker"])
    person = other.scalar("SELECT row_id FROM correction_request")
    house = other.scalar(
        "SELECT f.house_id FROM resident r JOIN household f ON f.id = r.household_id WHERE r.id = :r",
        r=person,
    )
    page = f"/register/house/{house}/correction"
    assert other.get(f"{page}?resident={person}").status_code == 403
    assert (
        other.post(page, resident=str(person), column="phone", phone="19900004321").status_code
        == 403
    )
    assert worker.post(page, resident="99999", column="phone", phone="").status_code == 404
    for column in ("code", "house_id", ""):
        assert worker.post(page, resident=str(person), column=column).status_code == 422
    with acting(web_engine(engine), made["other"]) as session:
        refused(session, f"SELECT ask_correction('resident', {person}, 'phone', '1', NULL)")
    assert other.scalar("SELECT count(*) FROM correction_request") == 1


def test_the_message_of_a_decision_leads_to_its_verdict_and_reason(
    store: tuple[Engine, dict[str, int]],
):
    """The number of a line entered at the door is another table's: each message leads to its own page."""
    engine, made = store
    clerk, worker = Keeper(engine, made["clerk"]), Keeper(engine, made["worker"])
    number = ask(engine, "phone", "19900001234", "worker")
    waiting = worker.get(f"/corrections/{number}").text
    assert "to be decided" in waiting and "You get a message" in waiting
    assert clerk.post(f"{PAGE}/{number}", decision="refuse", reason="与证件不符").status_code == 303
    messages = worker.get("/messages").text
    (opened,) = re.findall(r'action="(/messages/[0-9]+)', messages)
    led = worker.post(opened)
    assert led.headers["Location"].endswith(f"/corrections/{number}")
    told = worker.get(led.headers["Location"]).text
    for words in ("not accepted", "与证件不符", "测试community_clerk", "Telephone", "199****1234"):
        assert words in told, words
    assert "19900001234" not in told
    assert f'href="/corrections/{number}"' in worker.get("/me").text
    assert clerk.get(f"/corrections/{number}").status_code == 404, "asked by another"
    assert worker.get("/corrections/1").status_code == 404, "asked at the terminal by nobody here"
    with transaction(engine) as session:
        line = session.scalar(
            text(
                "UPDATE register_entry SET account_id = :a, state = 'returned', reason = '查无此人', decided_by = '测', "
                "decided_at = now() RETURNING id"
            ),
            {"a": made["worker"]},
        )
    assert f"/register/entries/{line}" in _leads(engine, made["worker"])
    sent_back = worker.get(f"/register/entries/{line}").text
    assert "查无此人" in sent_back and "sent back" in sent_back and "Person added" in sent_back
    assert worker.get("/register/entries/99999").status_code == 404


def _leads(engine: Engine, account: int) -> list[str]:
    with acting(web_engine(engine), account) as session:
        return [each.told.path for each in inbox.received(session)]
