"""An e-mail address hears of nothing until the code that was sent there is written into the settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.outbox import sending
from gisgrid.outbox.channels import keep_channel
from gisgrid.outbox.sending import Installation, SendingPace, send_due
from tests.support.accounts import acting, refused
from tests.support.case_town import Peopled
from tests.support.outbox import TownOfNews, everybody
from tests.support.receivers import Mailbox, mail_server
from tests.support.web import app_over

HERE = Installation("https://grid.example", "zh")
SETTINGS = "/messages/settings"
MINE, OTHERS = "leader@town.example", "stranger@town.example"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return everybody


@pytest.fixture
def town(engine: Engine, made: Peopled) -> Iterator[TownOfNews]:
    town = TownOfNews(engine, made)
    yield town
    town.web.dispose()


@pytest.fixture
def box(town: TownOfNews) -> Iterator[Mailbox]:
    """The mail server of the installation."""
    with mail_server() as box:
        values = {
            "host": "127.0.0.1", "port": str(box.port), "sender": "grid@town.example", "security": "none",
        }  # fmt: skip
        with transaction(town.engine) as session:
            keep_channel(session, "email", values, township_id=None)
        yield box


class Person:
    """The leader at the page of their settings, in English."""

    def __init__(self, town: TownOfNews) -> None:
        self.client: FlaskClient = app_over(
            town.engine, account=town.people["leader"]
        ).test_client()
        self.client.set_cookie("language", "en")

    @property
    def page(self) -> str:
        return self.client.get(SETTINGS).text

    def post(self, path: str, **form: str) -> tuple[int, str]:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        assert token
        answer = self.client.post(
            path, data={"csrf_token": token[1], **form}, follow_redirects=True
        )
        return answer.status_code, answer.text

    def wants(self, email: str) -> tuple[int, str]:
        return self.post(SETTINGS, email=email, **{"emergency.email": "on"})

    def writes(self, code: str) -> tuple[int, str]:
        return self.post(f"{SETTINGS}/confirm", code=code)


def code_in(box: Mailbox) -> str:
    found = re.search(r"\b(\d{6})\b", str(box.letters[-1]["Subject"]))
    assert found
    return found[1]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_only_the_code_of_the_letter_makes_an_address_hear(town: TownOfNews, box: Mailbox):
    leader = Person(town)
    assert "A code is sent to the address" in leader.wants(MINE)[1]
    assert 'id="confirm"' in leader.page and MINE in leader.page
    town.seen_now(emergency=True)
    assert send_due(town.engine, HERE) == {"delivered": 1}, "the code, and no emergency"
    (letter,) = box.letters
    assert letter["To"] == MINE and str(letter["Subject"]).startswith("邮箱验证码：")
    body = letter.get_content()
    assert "https://grid.example/messages/settings" in body and "如果不是，请忽略此邮件" in body
    code = code_in(box)
    stored = "SELECT count(*) FROM outbox_message m, email_code e WHERE m::text || e::text LIKE :c"
    assert town.value(stored, c=f"%{code}%") == 0, "the code stands nowhere"
    status, page = leader.writes(wrong(code))
    assert status == 422 and "This is not the code that was sent" in page
    assert town.value("SELECT count(email) FROM outbox_person") == 0
    status, page = leader.writes(f" {code[:3]} {code[3:]} ")
    assert status == 200 and "The address is confirmed" in page and 'id="confirm"' not in page
    assert f'value="{MINE}"' in page
    town.seen_now(emergency=True)
    send_due(town.engine, HERE)
    assert [str(each["To"]) for each in box.letters] == [MINE, MINE]
    assert "邮箱验证码" not in leader.client.get("/messages?lang=zh").text, "the code is no message"


def test_until_a_new_address_is_confirmed_the_one_before_hears(town: TownOfNews, box: Mailbox):
    town.run("INSERT INTO outbox_person (account_id, email) VALUES (:a, :e)", a=town.people["leader"], e=MINE)  # fmt: skip
    leader = Person(town)
    leader.wants(OTHERS)
    assert town.value("SELECT email FROM outbox_person") == MINE
    send_due(town.engine, HERE)
    leader.writes(code_in(box))
    assert town.value("SELECT email FROM outbox_person") == OTHERS
    leader.wants("")
    assert town.value("SELECT count(email) FROM outbox_person") == 0


def test_after_five_wrong_codes_the_right_one_counts_no_more(town: TownOfNews, box: Mailbox):
    leader = Person(town)
    assert "No code is on its way" in leader.writes("123456")[1]
    leader.wants(MINE)
    assert "No code is on its way" in leader.writes("123456")[1], "its letter is not sent yet"
    send_due(town.engine, HERE)
    code = code_in(box)
    for _ in range(5):
        assert leader.writes(wrong(code))[0] == 422
    assert "Five wrong codes were written" in leader.writes(code)[1]
    assert town.value("SELECT count(email) FROM outbox_person") == 0


def test_a_code_lasts_half_an_hour_and_five_are_sent_a_day(town: TownOfNews, box: Mailbox):
    leader = Person(town)
    leader.wants(MINE)
    send_due(town.engine, HERE)
    half = town.value("SELECT extract(epoch FROM expires_at - now()) / 60 FROM email_code")
    assert 29 < half <= 30
    for _ in range(4):
        town.run("UPDATE email_code SET expires_at = now() - interval '1 second'")
        status, page = leader.writes(code_in(box))
        assert status == 422 and "older than half an hour" in page
        assert leader.wants(MINE)[0] == 200
        send_due(town.engine, HERE)
    assert len({str(letter["Subject"]) for letter in box.letters}) > 1, "each has a code of its own"
    # Taking the address away and writing it again is no way around.
    leader.wants("")
    status, page = leader.wants(MINE)
    assert status == 422 and "Five codes were sent within a day" in page
    town.run("UPDATE email_code SET asked_at = now() - interval '25 hours'")
    assert leader.wants(MINE)[0] == 200


def test_a_code_of_ones_own_address_confirms_no_other(town: TownOfNews, box: Mailbox):
    leader = Person(town)
    leader.wants(MINE)
    send_due(town.engine, HERE)
    code = code_in(box)
    leader.wants(OTHERS)
    assert leader.writes(code)[0] == 422
    # Another address is asked for between reading where a letter goes and making its code.
    leader.wants(MINE)
    with transaction(town.engine) as session:
        ids = session.scalars(text("SELECT id FROM outbox_delivery WHERE state = 'waiting'")).all()
        row = session.execute(text(sending._DUE), {"ids": list(ids)}).mappings().one()
        assert row["email"] == MINE
        leader.wants(OTHERS)
        assert sending._new_code(session, town.people["leader"], MINE) == ""


def test_without_mail_of_the_office_no_address_is_taken(town: TownOfNews):
    status, page = Person(town).wants(MINE)
    assert status == 422 and "Your office has set up no e-mail yet" in page
    assert town.value("SELECT count(*) FROM outbox_message WHERE kind = 'email_code'") == 0


def test_the_store_lets_nobody_write_an_address_or_read_a_code(town: TownOfNews, box: Mailbox):
    Person(town).wants(MINE)
    send_due(town.engine, HERE, SendingPace())
    for who in ("leader", "administrator"):
        with acting(town.web, town.people[who]) as session:
            refused(session, "SELECT code_hash FROM email_code")
            refused(session, "UPDATE email_code SET tries = 0")
            refused(session, "UPDATE outbox_person SET email = 'a@b'")
            refused(session, "INSERT INTO outbox_person (account_id, email) VALUES (1, 'a@b')")
    with acting(town.web, town.people["clerk"]) as session:
        assert session.scalar(text("SELECT count(*) FROM email_code")) == 0
    with acting(town.web, None) as session:
        refused(session, "SELECT ask_email_code('a@b')")
        assert session.scalar(text("SELECT confirm_email('123456')")) == "none"
