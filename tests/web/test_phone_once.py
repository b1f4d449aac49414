"""What a phone sends comes in once; the phone is told what became of it, however often it asks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from gisgrid.cases.flow import keep_flow, own_flow
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from gisgrid.register import entries
from tests.support.database import own_database
from tests.support.desks import jpeg
from tests.support.door import Door, one_known, token
from tests.support.phones import queued

VISIT = {"why": "care", "met": "household", "agreed": "样本约定"}


@pytest.fixture(scope="module")
def door(cluster: Cluster, template: str) -> Iterator[Door]:
    """One store for all: each test counts what it added itself."""
    with own_database(cluster, template, "phone_once") as engine:
        with transaction(engine) as session:
            town = one_known(session)
            keep_flow(session, town.township_id, own_flow("normal"))
            session.execute(text(_A_MINOR))
            session.execute(text(_ONE_HOUSE_STREET))
            index_addresses(session, town.township_id)
        yield Door(engine)


_A_MINOR = """
INSERT INTO matter (list_id, parent_id, code, name) SELECT list_id, id, '0101', '样本垃圾' FROM matter WHERE code = '01'
"""
_ONE_HOUSE_STREET = "UPDATE house SET address = '虚构镇样本胡同29号' WHERE id = 29"


def send(door: Door, path: str, data: dict[str, Any], *, who: str = "worker", **more: Any) -> Any:
    return queued(door.people[who], path, data, **more)


def visit(door: Door, key: str, **more: Any) -> Any:
    data = {**VISIT, "client_id": key}
    return send(door, "/register/house/1/enter/visit", data, key=key, **more)


def test_sent_twice_it_is_taken_once_and_told_the_same(door: Door):
    key = str(uuid4())
    before = door.one("SELECT count(*) FROM visit")
    first = visit(door, key)
    assert first.status_code == 200, first.text
    assert first.json == {
        "state": "taken", "said": ["已走访：已记下。"], "where": "/register/house/1", "parts": [],
    }  # fmt: skip
    assert visit(door, key).json == first.json
    assert door.one("SELECT count(*) FROM visit") == before + 1
    # The page that is opened next does not say it again.
    assert "已走访：已记下" not in door.people["worker"].get("/register/house/1").text


def test_of_what_has_no_key_of_its_own_two_sendings_make_one(door: Door):
    key = str(uuid4())
    data = {"resident": str(door.person), "column": "phone", "phone": "13900001111"}
    for _ in range(2):
        told = send(door, "/register/house/1/correction", data, key=key)
        assert told.json["state"] == "taken"
    assert door.one("SELECT count(*) FROM correction_request") == 1


def test_another_entry_under_the_same_key_is_refused(door: Door):
    key = str(uuid4())
    visit(door, key)
    told = send(door, "/register/house/1/enter/visit", {**VISIT, "why": "notice"}, key=key)
    assert (told.status_code, told.json["state"]) == (409, "refused")
    assert told.json["reason"] == "这个编号下先前发送过别的内容。"
    assert (
        door.one("SELECT said ->> 'why' FROM register_entry WHERE client_id = :k", k=key) == "care"
    )


def test_it_counts_as_of_the_day_on_which_it_was_written_down(door: Door):
    visit(door, str(uuid4()), age_s=3 * 86400)
    assert (door.one("SELECT visited_on FROM visit ORDER BY id DESC LIMIT 1") - door.day).days == -3


def test_who_sees_the_page_hears_there_what_was_done_and_what_is_wrong(door: Door):
    key = str(uuid4())
    assert visit(door, key, live=True).json["said"] == []
    assert "已走访：已记下" in door.people["worker"].get("/register/house/1").text
    wrong = send(door, "/register/house/1/enter/visit", {"why": "care"}, live=True)
    assert (wrong.status_code, wrong.json["reason"]) == (422, "请选一项。")
    assert door.one("SELECT count(*) FROM phone_entry WHERE state = 'refused'") == 0


def test_what_is_refused_stays_in_sight_of_worker_and_clerk(door: Door):
    key = str(uuid4())
    told = send(door, "/register/house/1/enter/visit", {"why": "care"}, key=key)
    assert (told.status_code, told.json["state"], told.json["reason"]) == (
        422, "refused", "请选一项。",
    )  # fmt: skip
    page = door.people["clerk"].get("/register/changes").text
    assert "请选一项。" in re.sub(r"\s+", " ", page)
    assert "请选一项。" not in door.people["stranger"].get("/register/changes").text
    # Mended under the same key it is taken, and nobody is told of it any more.
    assert visit(door, key).json["state"] == "taken"
    assert "请选一项。" not in door.people["clerk"].get("/register/changes").text


def test_the_clerk_puts_a_refusal_aside_and_its_worker_hears_of_it(door: Door):
    key = str(uuid4())
    send(door, "/register/house/1/enter/alias", {"alias": ""}, key=key)
    number = door.one("SELECT id FROM phone_entry WHERE key = :k", k=key)
    aside = f"/register/changes/refused/{number}"
    assert aside in door.people["clerk"].get("/register/changes").text
    # Not by who wrote it, nor by who keeps no register there.
    assert press(door, "worker", aside) == 403
    assert press(door, "stranger", aside) == 403
    assert press(door, "clerk", aside) == 303
    page = door.people["clerk"].get("/register/changes").text
    assert aside not in page and "已标记为已阅" in page
    assert press(door, "clerk", aside) == 404
    told = door.people["worker"].get("/phone/session?refused").json["aside"]
    assert list(told) == [key]
    assert door.people["colleague"].get("/phone/session?refused").json["aside"] == {}
    # Sent and refused once more, it is there again.
    send(door, "/register/house/1/enter/alias", {"alias": ""}, key=key)
    assert aside in door.people["clerk"].get("/register/changes").text
    assert door.people["worker"].get("/phone/session?refused").json["aside"] == {}


def press(door: Door, who: str, path: str) -> int:
    client = door.people[who]
    return client.post(path, data={"csrf_token": token(client)}).status_code


def test_after_the_session_is_over_nothing_is_sent_as_somebody_else(door: Door):
    key = str(uuid4())
    told = visit(door, key, account="999999")
    assert (told.status_code, told.json["state"]) == (401, "log_in")
    assert door.one("SELECT count(*) FROM phone_entry WHERE key = :k", k=key) == 0


def test_without_the_right_it_is_refused_and_said(door: Door):
    told = visit(door, str(uuid4()), who="stranger")
    assert (told.status_code, told.json["state"]) == (403, "refused")


def test_who_moved_away_meanwhile_is_no_refusal_but_waits_for_the_clerk(door: Door):
    page = door.people["worker"].get(
        f"/register/house/1/enter/correct?resident={door.person}&column=phone"
    ).text  # fmt: skip
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    door.at_once()
    moved = {"household": str(door.household), "house_id": "3", "room": ""}
    assert door.enter("colleague", "household-moved", **moved).status_code == 200
    key = str(uuid4())
    data = {**hidden, "client_id": key, "phone": "13900001111"}
    data.pop("csrf_token")
    told = send(door, "/register/house/1/enter/correct", data, key=key, age_s=60)
    assert told.json["state"] == "taken", told.json
    assert door.one("SELECT state FROM register_entry WHERE id = :e", e=door.last()) == "waiting"
    assert door.one("SELECT conflict FROM register_entry WHERE id = :e", e=door.last())
    assert "139****1111" in door.people["clerk"].get("/register/changes").text
    # Of somebody who never lived in the house nothing is written down.
    data |= {"resident": str(door.one("SELECT max(id) FROM resident")), "client_id": str(uuid4())}
    told = send(door, "/register/house/1/enter/correct", data, age_s=60)
    assert (told.status_code, told.json["state"]) == (404, "refused")


def test_a_report_without_a_clear_place_is_taken_and_its_photo_confirmed(door: Door):
    photo = jpeg()
    data = {
        "matter": "0101", "address": "无此地址一二三", "text": "样本", "client": str(uuid4()),
        "photo": (BytesIO(photo), "a.jpg", "image/jpeg"),
    }  # fmt: skip
    told = send(door, "/report", data)
    assert told.json["state"] == "taken", told.json
    assert told.json["parts"] == [hashlib.sha256(photo).hexdigest()]


def test_what_is_to_be_looked_at_first_is_not_taken_yet(door: Door):
    key = str(uuid4())
    data = {"matter": "0101", "address": "无此地址七八九", "text": "样本", "client": key}
    told = send(door, "/report", data, key=key, live=True)
    assert (told.status_code, told.json["state"], stands(door, key)) == (422, "refused", None)
    assert send(door, "/report", data, key=key).json["state"] == "taken"
    assert door.one("SELECT count(*) FROM event WHERE address = '无此地址七八九'") == 1


def test_a_visit_keeps_its_photos_once_and_shows_them_to_who_sees_the_register(door: Door):
    key, photo = str(uuid4()), jpeg()

    def sent() -> Any:
        data = {**VISIT, "client_id": key, "photo": (BytesIO(photo), "a.jpg", "image/jpeg")}
        return send(door, "/register/house/1/enter/visit", data, key=key)

    for _ in range(2):
        told = sent()
        assert (told.json["state"], told.json["parts"]) == (
            "taken", [hashlib.sha256(photo).hexdigest()],
        )  # fmt: skip
    number = door.one(
        "SELECT p.id FROM entry_photo p JOIN register_entry e ON e.id = p.entry_id WHERE e.client_id = :k", k=key
    )  # fmt: skip
    address = f"/register/photos/{number}.jpg"
    assert address in door.people["clerk"].get("/register/house/1").text
    assert door.people["clerk"].get(f"{address}?small=1").mimetype == "image/jpeg"
    assert door.people["stranger"].get(address).status_code == 404
    four = [(BytesIO(photo), f"{n}.jpg", "image/jpeg") for n in range(4)]
    told = send(door, "/register/house/1/enter/visit", {**VISIT, "client_id": "x", "photo": four})
    assert (told.status_code, told.json["reason"]) == (422, "最多上传 3 张照片。")


def test_a_photo_that_is_none_is_refused_and_not_taken(door: Door):
    key = str(uuid4())
    data = {
        "matter": "0101", "address": "无此地址四五六", "text": "样本", "client": key,
        "photo": (BytesIO(b"no picture"), "a.jpg", "image/jpeg"),
    }  # fmt: skip
    told = send(door, "/report", data, key=key)
    assert (told.status_code, told.json["state"]) == (422, "refused"), told.json
    assert stands(door, key) == "refused"
    assert told.json["reason"] in door.people["clerk"].get("/register/changes").text
    # Sent again without it, it is taken.
    told = send(
        door, "/report", {**data, "photo": (BytesIO(jpeg()), "a.jpg", "image/jpeg")}, key=key
    )
    assert (told.json["state"], stands(door, key)) == ("taken", "taken")
    assert door.one("SELECT count(*) FROM event WHERE address = '无此地址四五六'") == 1


def stands(door: Door, key: str) -> str | None:
    found: str | None = door.one("SELECT state FROM phone_entry WHERE key = :k", k=key)
    return found


def test_what_no_page_takes_is_refused_in_words_and_holds_up_nothing(door: Door):
    keys = [str(uuid4()) for _ in range(3)]
    asked = [
        ("/register/house/1/enter/no-such-form", {}, 404),
        ("/office/township", {}, 403),
        ("/phone/half", {"device": "x" * (1 << 21)}, 413),
    ]
    for key, (path, data, status) in zip(keys, asked, strict=True):
        told = send(door, path, data, key=key)
        assert (told.status_code, told.json["state"]) == (status, "refused"), (path, told.json)
        assert len(told.json["reason"]) > 5
        assert stands(door, key) == "refused"


def test_two_transactions_that_met_are_no_fault_of_the_entry(
    door: Door, monkeypatch: pytest.MonkeyPatch
):
    def met(*_: Any, **__: Any) -> None:
        raise OperationalError("", {}, psycopg.errors.DeadlockDetected())

    key = str(uuid4())
    with monkeypatch.context() as patched:
        patched.setattr(entries, "enter", met)
        told = visit(door, key)
    assert (told.status_code, told.json["state"], stands(door, key)) == (409, "again", None)
    assert visit(door, key).json["state"] == "taken"


def test_what_comes_in_late_puts_no_newer_day_back(door: Door):
    def verified(age_s: int) -> None:
        key = str(uuid4())
        told = send(
            door, "/register/house/3/enter/verified", {"client_id": key}, key=key, age_s=age_s
        )
        assert told.json["state"] == "taken", told.json

    def days() -> list[date]:
        found: list[date] = door.one(
            "SELECT array_agg(DISTINCT day) FROM (SELECT verified_on AS day FROM household WHERE house_id = 3 "
            "UNION ALL SELECT r.verified_on FROM resident r JOIN household f ON f.id = r.household_id "
            "WHERE f.house_id = 3) AS d"
        )
        return found

    verified(0)
    assert days() == [door.day]
    verified(3 * 86400)
    assert days() == [door.day]
    # The log says when it was seen, not when the line came back.
    long_ago = (door.day - timedelta(days=3)).isoformat()
    assert long_ago in door.people["clerk"].get("/register/house/3").text
    # By its address a household moves to one house; where it might be several, or the number is of none on a street
    # with a single house, nothing is done.
    door.at_once()
    key, home = str(uuid4()), door.one("SELECT max(id) FROM household WHERE house_id = 3")
    path = "/register/house/3/enter/household-moved"
    moved = {"household": str(home), "room": "", "client_id": key}
    for address in ("虚构", "虚构镇样本胡同99号"):
        told = send(door, path, {**moved, "address": address}, key=key)
        assert (told.status_code, told.json["state"]) == (422, "refused"), address
        assert told.json["reason"] == "这一条须在原页面上确认：请重新打开后再发送。"
    moved["address"] = door.one("SELECT address FROM house WHERE id = 1")
    told = send(door, path, moved, key=key, age_s=3 * 86400)
    assert told.json["state"] == "taken", told.json
    assert door.one("SELECT house_id FROM household WHERE id = :h", h=home) == 1
    assert door.one("SELECT verified_on FROM household WHERE id = :h", h=home) == door.day
