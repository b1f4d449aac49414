"""What is told leaves the house by real servers: nothing is lost, and what comes twice bears one token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.core.messages import unpacked
from gisgrid.db.store import transaction
from gisgrid.outbox import sending
from gisgrid.outbox.channels import drop_channel, keep_channel
from gisgrid.outbox.sending import Installation, SendingPace, send_due, take
from tests.support.case_town import Peopled
from tests.support.outbox import CANARY, CANARY_PHONE, TownOfNews, everybody
from tests.support.receivers import (
    PASSWORD,
    USER,
    GatewayEnd,
    certificate,
    gateway_end,
    mail_server,
)

HERE = Installation("https://grid.example", "zh")
KEY = "a key of tests"
AT_ONCE = SendingPace(first_pause_s=0.0, longest_pause_s=0.0, timeout_s=5.0)
"""What failed is due again at once: time passes in tests by asking again."""


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return everybody


@pytest.fixture
def town(engine: Engine, made: Peopled) -> TownOfNews:
    return TownOfNews(engine, made)


def mail_by(town: TownOfNews, port: int, **values: str) -> None:
    said = {
        "host": "127.0.0.1",
        "port": str(port),
        "sender": "grid@town.example",
        "security": "none",
    }
    secret = values.pop("secret", None)
    with transaction(town.engine) as session:
        keep_channel(session, "email", {**said, **values}, township_id=town.place.id, secret=secret)


def gateway_by(town: TownOfNews, port: int, template: str = "plain", path: str = "/hook") -> None:
    url = f"http://127.0.0.1:{port}{path}"
    with transaction(town.engine) as session:
        keep_channel(
            session, "webhook", {"url": url, "template": template}, township_id=None, secret=KEY
        )


def reached(town: TownOfNews, who: str, **values: object) -> None:
    said = {"email": f"{who}@town.example", "address": f"{who}.1", **values}
    columns = ", ".join(said)
    town.run(
        f"INSERT INTO outbox_person (account_id, {columns}) VALUES (:a, {', '.join(f':{c}' for c in said)})",
        a=town.people[who], **said,
    )  # fmt: skip


def told_often(town: TownOfNews, n: int) -> None:
    """As if so many emergencies had been called, each told to the leader by the gateway."""
    town.run(
        "SELECT tell(jsonb_agg(jsonb_build_object('key', 'call:' || n, 'kind', 'emergency', 'urgent', true, "
        "'town', CAST(:t AS bigint), 'grid', 'a', 'subject', 'case', 'subject_id', n, 'code', 'E-' || n, "
        "'account', CAST(:a AS bigint)))) FROM generate_series(1, :n) n",
        t=town.place.id, a=town.people["leader"], n=n,
    )  # fmt: skip


def states(town: TownOfNews, channel: str) -> dict[str, int]:
    found: dict[str, int] = town.value(
        "SELECT coalesce(jsonb_object_agg(state, n), '{}') FROM (SELECT state, count(*) AS n "
        "FROM outbox_delivery WHERE channel = :c GROUP BY state) s",
        c=channel,
    )
    return found


def due_again(town: TownOfNews) -> None:
    """As if all pauses and leases were over."""
    town.run("UPDATE outbox_delivery SET next_at = now() WHERE state = 'waiting'")


def test_a_letter_says_code_grid_and_link_and_nothing_that_somebody_wrote(town: TownOfNews):
    reached(town, "leader")
    reached(town, "worker", language="en", email="worker@town.example")
    with mail_server() as box:
        mail_by(town, box.port)
        case = town.seen_now(emergency=True)
        assert send_due(town.engine, HERE) == {"delivered": 2}
    code = town.value("SELECT code FROM event")
    letters = {letter["To"]: letter for letter in box.letters}
    zh, en = letters["leader@town.example"], letters["worker@town.example"]
    assert zh["Subject"] == f"应急：案件 {code}，网格a"
    assert en["Subject"] == f"Emergency: case {code}, grid 网格a"
    assert f"https://grid.example/cases/{case}" in zh.get_content()
    everything = "".join(letter.as_string() + letter.get_content() for letter in box.letters)
    assert CANARY not in everything and CANARY_PHONE not in everything
    assert len({letter["Message-ID"] for letter in box.letters}) == 2
    assert send_due(town.engine, HERE) == {}, "what was delivered is not sent again"


def test_a_letter_goes_by_starttls_with_name_and_password(town: TownOfNews, tmp_path: Path):
    reached(town, "leader")
    cert, key = certificate(tmp_path)
    with mail_server(tls=(cert, key)) as box:
        secure = {"host": "localhost", "security": "starttls", "user": USER, "ca": str(cert)}
        mail_by(town, box.port, secret="another", **secure)
        town.seen_now(emergency=True)
        assert send_due(town.engine, HERE) == {"later": 1}
        said = town.value("SELECT failed FROM outbox_delivery WHERE channel = 'email'")
        assert "does not take the name and password" in said and "another" not in said
        mail_by(town, box.port, secret=PASSWORD, **secure)
        due_again(town)
        assert send_due(town.engine, HERE) == {"delivered": 1}
        # A server for which nobody vouches gets neither password nor letter.
        mail_by(town, box.port, **{**secure, "ca": ""})
        town.seen_now(emergency=True)
        assert send_due(town.engine, HERE) == {"later": 1}
    assert len(box.letters) == 1


def test_an_address_that_the_server_refuses_is_given_up_and_one_that_is_busy_is_tried_again(
    town: TownOfNews,
):
    reached(town, "leader")
    reached(town, "worker")
    with mail_server() as box:
        box.refusing = {
            "leader@town.example": "550 no leader@town.example here",
            "worker@town.example": "450 busy",
        }
        mail_by(town, box.port)
        town.seen_now(emergency=True)
        assert send_due(town.engine, HERE) == {"failed": 1, "later": 1}
        said = town.value("SELECT failed FROM outbox_delivery WHERE state = 'failed'")
        assert "550" in said and "leader@" not in said
        box.refusing = {}
        due_again(town)
        assert send_due(town.engine, HERE) == {"delivered": 1}


def test_a_request_is_signed_over_its_time_and_body(town: TownOfNews):
    reached(town, "leader")
    with gateway_end() as end:
        gateway_by(town, end.port)
        case = town.seen_now(emergency=True)
        assert send_due(town.engine, HERE) == {"delivered": 1}
    (got,) = end.got
    body = got.json
    assert got.path == "/hook" and body["to"] == "leader.1" and body["kind"] == "emergency"
    assert body["link"] == f"https://grid.example/cases/{case}" and body["grid"] == "网格a"
    signed = f"{got.token}.{got.headers['webhook-timestamp']}.".encode() + got.body
    mark = base64.b64encode(hmac.new(KEY.encode(), signed, hashlib.sha256).digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{mark}"
    assert CANARY not in got.body.decode() and CANARY_PHONE not in got.body.decode()


@pytest.mark.parametrize("robot", ["wecom", "dingtalk"])
def test_a_group_is_told_once_whoever_hears_of_it(town: TownOfNews, robot: str):
    with gateway_end() as end:
        gateway_by(town, end.port, robot, "/robot?key=x")
        town.seen_now(emergency=True)
        end.answer = b'{"errcode": 310000, "errmsg": "sign not match"}'
        assert send_due(town.engine, HERE) == {"later": 1}, "a robot answers 200 to what it refuses"
        end.answer = b'{"errcode": 0}'
        due_again(town)
        assert send_due(town.engine, HERE) == {"delivered": 1}
    assert "应急：案件" in end.got[0].json["text"]["content"]
    assert end.got[0].token == end.got[1].token
    assert end.got[0].path.startswith("/robot?key=x")
    assert ("&sign=" in end.got[0].path) == (robot == "dingtalk")


def test_a_redirection_is_not_followed(town: TownOfNews):
    reached(town, "leader")
    with gateway_end() as elsewhere, gateway_end() as end:
        end.status, end.location = 307, f"http://127.0.0.1:{elsewhere.port}/"
        gateway_by(town, end.port)
        town.seen_now(emergency=True)
        assert send_due(town.engine, HERE) == {"later": 1}
    assert not elsewhere.got


def test_a_gateway_that_dies_half_way_and_comes_back_gets_everything_once_by_token(
    town: TownOfNews,
):
    n = 300
    reached(town, "leader")
    end = GatewayEnd(most=n // 2)
    with gateway_end(end=end):
        gateway_by(town, end.port)
        told_often(town, n)
        # It takes half, is deaf for a while, and then is gone.
        assert send_due(town.engine, HERE, SendingPace(timeout_s=5.0))["delivered"] == n // 2
    due_again(town)
    done = send_due(town.engine, HERE, SendingPace(timeout_s=5.0))
    assert "delivered" not in done and done["later"] == n // 2
    assert states(town, "webhook") == {"delivered": n // 2, "waiting": n // 2}
    end.most = None
    with gateway_end(end.port, end):
        due_again(town)
        assert send_due(town.engine, HERE) == {"delivered": n // 2}
    assert len(end.tokens) == n and len(set(end.tokens)) == n
    assert states(town, "webhook") == {"delivered": n}


def test_what_a_killed_worker_had_in_hand_comes_again_with_the_same_token(
    town: TownOfNews, monkeypatch: pytest.MonkeyPatch
):
    reached(town, "leader")

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with gateway_end() as end:
        gateway_by(town, end.port)
        told_often(town, 5)
        with monkeypatch.context() as patch:
            # Sent, and dead before it is noted.
            patch.setattr(
                sending, "_one", lambda engine, way, due, pace: killed(way.send(due.letter))
            )
            with pytest.raises(Killed):
                send_due(town.engine, HERE)
        assert send_due(town.engine, HERE) == {}, "the lease of the dead one runs"
        due_again(town)
        assert send_due(town.engine, HERE) == {"delivered": 5}
    by_token = Counter(end.tokens)
    assert len(by_token) == 5 and sorted(by_token.values()) == [1, 1, 1, 1, 2]


def test_an_answer_that_got_lost_is_asked_for_again_with_the_same_token(town: TownOfNews):
    reached(town, "leader")
    with gateway_end() as end:
        end.silent = 1
        gateway_by(town, end.port)
        town.seen_now(emergency=True)
        assert send_due(town.engine, HERE) == {"later": 1}
        due_again(town)
        assert send_due(town.engine, HERE) == {"delivered": 1}
    assert len(end.tokens) == 2 and len(set(end.tokens)) == 1


def test_two_workers_never_have_the_same_in_hand(town: TownOfNews):
    reached(town, "leader")
    with gateway_end() as end:
        gateway_by(town, end.port)
        told_often(town, 200)
        threads = [
            threading.Thread(target=send_due, args=(town.engine, HERE, SendingPace(batch=10)))
            for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(end.tokens) == 200 and len(set(end.tokens)) == 200


def test_a_gateway_that_is_dead_is_named_and_after_the_last_try_it_is_given_up(town: TownOfNews):
    reached(town, "leader")
    with gateway_end() as end:
        port = end.port
    gateway_by(town, port)
    told_often(town, 1)
    pace = SendingPace(first_pause_s=0.0, longest_pause_s=0.0, tries=3)
    assert send_due(town.engine, HERE, pace) == {"later": 2, "failed": 1}
    said = town.value("SELECT failed FROM outbox_delivery WHERE channel = 'webhook'")
    chinese = unpacked(said).in_language("zh")
    assert f"127.0.0.1:{port}" in chinese and "无人应答" in chinese
    assert states(town, "webhook") == {"failed": 1}
    assert states(town, "badge") == {"delivered": 1}, "on their pages it stands all the same"


def test_who_waits_behind_a_dead_gateway_loses_no_try(town: TownOfNews):
    reached(town, "leader")
    with gateway_end() as end:
        port = end.port
    gateway_by(town, port)
    told_often(town, 30)
    assert send_due(town.engine, HERE) == {"later": 30}
    tries = town.value("SELECT sum(tries) FROM outbox_delivery WHERE channel = 'webhook'")
    assert tries == 1


def test_in_quiet_hours_only_an_emergency_is_sent(town: TownOfNews):
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    hours = {
        "quiet_from": (now - timedelta(hours=2)).time().replace(microsecond=0),
        "quiet_until": (now + timedelta(hours=2)).time().replace(microsecond=0),
    }
    reached(town, "leader", **hours)
    town.run(
        "INSERT INTO outbox_wish VALUES (:a, 'task', 'webhook', true)", a=town.people["leader"]
    )
    with gateway_end() as end:
        gateway_by(town, end.port)
        case = town.seen_now(emergency=True)
        town.run(
            "SELECT tell(jsonb_build_array(jsonb_build_object('key', 'step:1', 'kind', 'task', 'urgent', "
            "false, 'town', CAST(:t AS bigint), 'subject', 'case', 'subject_id', CAST(:c AS bigint), "
            "'code', 'E', 'account', CAST(:a AS bigint))))",
            t=town.place.id, c=case, a=town.people["leader"],
        )  # fmt: skip
        assert send_due(town.engine, HERE) == {"delivered": 1}
        assert [got.json["kind"] for got in end.got] == ["emergency"]
        due = town.value("SELECT next_at FROM outbox_delivery WHERE state = 'waiting'")
        assert due.astimezone(ZoneInfo("Asia/Shanghai")).time() == hours["quiet_until"]
        assert timedelta(0) < due - datetime.now(UTC) <= timedelta(hours=2)
        town.run("UPDATE outbox_person SET quiet_from = NULL, quiet_until = NULL")
        due_again(town)
        assert send_due(town.engine, HERE) == {"delivered": 1}


def test_unasked_only_an_emergency_leaves_the_pages_and_each_kind_goes_as_it_is_wished(
    town: TownOfNews,
):
    reached(town, "leader")
    leader = town.people["leader"]
    with gateway_end() as end:
        gateway_by(town, end.port)
        tell = (
            "SELECT tell(jsonb_build_array(jsonb_build_object('key', CAST(:k AS text), 'kind', "
            "CAST(:kind AS text), 'urgent', CAST(:kind AS text) = 'emergency', 'town', CAST(:t AS bigint), "
            "'subject', 'case', 'subject_id', 1, 'code', 'E', 'account', CAST(:a AS bigint))))"
        )
        where = {"t": town.place.id, "a": leader}
        town.run(tell, k="1", kind="late", **where)
        assert send_due(town.engine, HERE) == {}
        town.run("INSERT INTO outbox_wish VALUES (:a, 'late', 'webhook', true), (:a, 'late', 'badge', false), (:a, 'emergency', 'webhook', false), (:a, 'emergency', 'badge', false)", a=leader)  # fmt: skip
        town.run(tell, k="2", kind="late", **where)
        town.run(tell, k="3", kind="emergency", **where)
        assert send_due(town.engine, HERE) == {"delivered": 1}
    assert [got.json["kind"] for got in end.got] == ["late"]
    # No badge for what is muted; an emergency is always on one's pages.
    assert states(town, "badge") == {"delivered": 2, "muted": 1}


def test_a_channel_that_went_gives_up_what_waits_in_words(town: TownOfNews):
    reached(town, "leader")
    gateway_by(town, 9)
    told_often(town, 2)
    with transaction(town.engine) as session:
        drop_channel(session, "webhook", township_id=None)
    assert send_due(town.engine, HERE) == {"failed": 2}
    assert "gone" in town.value("SELECT min(failed) FROM outbox_delivery WHERE state = 'failed'")


def test_what_waits_for_a_channel_that_is_off_waits_on(town: TownOfNews):
    reached(town, "leader")
    gateway_by(town, 9)
    told_often(town, 2)
    town.run("UPDATE outbox_channel SET active = false")
    assert send_due(town.engine, HERE) == {}
    assert states(town, "webhook") == {"waiting": 2}


@pytest.mark.parametrize(
    "broken", ['{"url": "http://a..b/x", "template": "plain"}', '{"url": "x"}']
)
def test_a_channel_that_cannot_be_used_keeps_its_messages_and_no_others_back(
    town: TownOfNews, broken: str
):
    reached(town, "leader")
    gateway_by(town, 9)
    told_often(town, 2)
    town.run("UPDATE outbox_channel SET config = CAST(:c AS jsonb)", c=broken)
    assert send_due(town.engine, HERE) == {"later": 2}
    assert states(town, "webhook") == {"waiting": 2}


def test_an_address_that_no_letter_can_bear_is_given_up_alone(town: TownOfNews):
    reached(town, "leader", email="王@town.example")
    with mail_server() as box:
        mail_by(town, box.port)
        told_often(town, 1)
        # What the server cannot take of this address is no reason to keep others back.
        assert send_due(town.engine, HERE)["later"] == 0


def test_who_is_switched_off_is_sent_nothing(town: TownOfNews):
    reached(town, "leader")
    gateway_by(town, 9)
    told_often(town, 1)
    town.run("UPDATE account SET active = false WHERE id = :a", a=town.people["leader"])
    assert send_due(town.engine, HERE) == {"failed": 1}


def test_a_batch_is_leased_and_urgent_ones_come_first(town: TownOfNews):
    reached(town, "leader")
    gateway_by(town, 9)
    told_often(town, 3)
    town.run("UPDATE outbox_message SET urgent = false WHERE code <> 'E-3'")
    town.run(
        "INSERT INTO outbox_delivery (message_id, account_id, channel, state, next_at) "
        "SELECT message_id, account_id, 'email', state, next_at FROM outbox_delivery WHERE channel = 'webhook'"
    )
    with mail_server() as box:
        mail_by(town, box.port)
        order = [(due.urgent, due.channel) for due in take(town.engine, HERE, SendingPace())]
    # What is urgent goes by every way before anything else goes by one.
    assert [urgent for urgent, _ in order] == [True] * 2 + [False] * 4
    assert [channel for _, channel in order[2:]] in (
        ["webhook"] * 2 + ["email"] * 2,
        ["email"] * 2 + ["webhook"] * 2,
    )
    town.run("DELETE FROM outbox_delivery WHERE channel = 'email'")
    town.run("UPDATE outbox_delivery SET next_at = now() - interval '1 s', tries = 0")
    (first,) = take(town.engine, HERE, SendingPace(batch=1))
    assert first.letter is not None and first.letter.told.code == "E-3"
    assert len(take(town.engine, HERE, SendingPace())) == 2
    assert take(town.engine, HERE, SendingPace()) == []
