"""Channels of messages by the page: what is kept, what is never told, where it may lead, and how it went."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.outbox.persons import ways
from gisgrid.outbox.sending import Installation, SendingPace, send_due
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.office import Keeper, staffed_town
from tests.support.receivers import gateway_end, mail_server

PAGE = "/office/channels"
HERE = Installation("https://grid.example", "zh")
SECRET = "ein-wort-das-nie-wieder-steht"
MAIL = {"channel": "email", "security": "none", "sender": "grid@town.example", "active": "1"}


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    def filled(session: Session) -> dict[str, int]:
        made = staffed_town(session)
        made["auditor"] = appointed(session, "auditor", name="auditor")
        made["clerk"] = appointed(session, "township_government", name="clerk.ce")
        return made

    return filled


@pytest.fixture
def office(engine: Engine, made: dict[str, int]) -> Keeper:
    return Keeper(engine, made["office"], channel_hosts="127.0.0.1, Mail.town.example")


@pytest.fixture
def reached(engine: Engine, made: dict[str, int]) -> None:
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO outbox_person (account_id, email, address) "
                "VALUES (:a, 'office@town.example', '19900000001')"
            ),
            {"a": made["office"]},
        )


def test_a_mail_server_is_set_up_tried_and_how_it_went_is_told(
    office: Keeper, engine: Engine, reached: None
):
    assert "not set up" in office.get(PAGE).text
    with mail_server() as box:
        kept = office.post(f"{PAGE}/keep", host="127.0.0.1", port=str(box.port), **MAIL)
        assert kept.status_code == 303
        page = office.get(PAGE).text
        assert (
            'value="127.0.0.1"' in page and f'value="{box.port}"' in page and ">on</span>" in page
        )
        assert office.post(f"{PAGE}/try", channel="email").status_code == 303
        assert 'data-count="test.email.waiting"' in office.get(PAGE).text
        assert send_due(engine, HERE) == {"delivered": 1}
        (letter,) = box.letters
    assert (letter["To"], letter["From"]) == ("office@town.example", "grid@town.example")
    assert letter["Subject"] == "渠道测试：email"
    assert 'data-count="test.email.delivered"' in office.get(PAGE).text
    without = {name: value for name, value in MAIL.items() if name != "active"}
    office.post(f"{PAGE}/keep", host="127.0.0.1", port="25", **without)
    assert office.scalar("SELECT active FROM outbox_channel") is False


def test_a_key_is_written_and_never_told(office: Keeper, engine: Engine, made: dict[str, int]):
    url = "http://127.0.0.1:9/send?key=hidden-in-the-address"
    office.post(
        f"{PAGE}/keep", channel="webhook", url=url, template="sms", secret=SECRET, active="1"
    )
    assert office.scalar("SELECT secret FROM outbox_channel") == SECRET
    page = office.get(PAGE).text
    assert (
        SECRET not in page and "hidden-in-the-address" not in page and "127.0.0.1:9/send?…" in page
    )
    # What is not named stays; the field of a secret is sent empty each time.
    office.post(f"{PAGE}/keep", channel="webhook", url="", template="plain", secret="", active="1")
    assert office.scalar("SELECT secret FROM outbox_channel") == SECRET
    assert office.scalar("SELECT config ->> 'url' FROM outbox_channel") == url
    wrong = office.post(
        f"{PAGE}/keep", channel="webhook", url="x y", template="plain", secret=SECRET + "2"
    )
    assert wrong.status_code == 422 and SECRET not in wrong.text
    with acting(web_engine(engine), made["office"]) as session:
        session.execute(text("SET LOCAL ROLE gisgrid_office"))
        refused(session, "SELECT secret FROM outbox_channel")
    assert (
        office.scalar(
            "SELECT count(*) FROM audit_entry WHERE subject = 'outbox_channel' AND action = 'keep'"
        )
        == 2
    )


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({**MAIL, "host": "elsewhere.example"}, "GISGRID_CHANNEL_HOSTS"),
        ({"channel": "webhook", "url": "http://169.254.169.254/", "template": "plain", "secret": "x"}, "GISGRID_CHANNEL_HOSTS"),
        ({**MAIL, "host": "127.0.0.1", "port": "0"}, "a port is between 1 and 65535"),
        ({**MAIL, "host": "127.0.0.1", "sender": "nobody"}, "is no e-mail address"),
        ({"channel": "webhook", "url": "http://127.0.0.1/", "template": "plain"}, "needs a key"),
        ({"channel": "pigeon"}, "There is no channel"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_words_and_nothing_is_kept(
    office: Keeper, form: dict[str, str], words: str
):
    """An address that the installation did not name is none: a page must not ask other machines of the house."""
    answer = office.post(f"{PAGE}/keep", **form)
    assert answer.status_code in (404, 422) and words in answer.text
    assert office.scalar("SELECT count(*) FROM outbox_channel") == 0


def test_without_a_named_server_the_page_says_who_names_one(engine: Engine, made: dict[str, int]):
    bare = Keeper(engine, made["office"])
    assert "Whoever has the server names the servers" in bare.get(PAGE).text
    assert bare.post(f"{PAGE}/keep", host="127.0.0.1", **MAIL).status_code == 422


def test_what_was_given_up_is_told_with_its_reason_and_tried_again(
    office: Keeper, engine: Engine, reached: None
):
    with gateway_end() as end:
        port = end.port
    office.post(
        f"{PAGE}/keep",
        channel="webhook",
        url=f"http://127.0.0.1:{port}/x",
        template="plain",
        secret="k",
        active="1",
    )
    assert "Nothing can be sent by email" in office.post(f"{PAGE}/try", channel="email").text
    office.post(f"{PAGE}/try", channel="webhook")
    assert send_due(engine, HERE, SendingPace(tries=1, timeout_s=2.0)) == {"failed": 1}
    page = office.get(PAGE).text
    assert 'data-count="test.webhook.failed"' in page and "Try all of them again" in page
    assert "Nobody who can be spoken to answers at 127.0.0.1" in page
    office.post(f"{PAGE}/retry")
    assert office.scalar("SELECT state FROM outbox_delivery WHERE channel = 'webhook'") == "waiting"
    assert office.post(f"{PAGE}/drop", channel="webhook").status_code == 303
    assert office.scalar("SELECT count(*) FROM outbox_channel") == 0
    assert office.post(f"{PAGE}/drop", channel="webhook").status_code == 404


def test_an_auditor_sees_numbers_and_no_channel_and_others_nothing(
    office: Keeper, engine: Engine, made: dict[str, int], reached: None
):
    office.post(f"{PAGE}/keep", host="127.0.0.1", port="2525", **MAIL)
    office.post(f"{PAGE}/try", channel="email")
    auditor = Keeper(engine, made["auditor"])
    page = auditor.get(PAGE).text
    assert (
        'data-count="test.email.waiting"' in page
        and "2525" not in page
        and "office@town" not in page
    )
    assert auditor.post(f"{PAGE}/keep", host="127.0.0.1", **MAIL).status_code == 403
    assert Keeper(engine, made["clerk"]).get(PAGE).status_code == 403


def test_a_channel_of_another_township_is_offered_to_nobody_here(
    office: Keeper, engine: Engine, made: dict[str, int]
):
    with transaction(engine) as session:
        session.execute(
            text(
                "INSERT INTO area (code, level, name, parent_id, geom) "
                "SELECT '999901002', 'township', '虚构镇二', parent_id, geom FROM area WHERE level = 'township'"
            )
        )
        session.execute(
            text(
                "INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM area WHERE code = '999901002'"
            )
        )
        there = appointed(session, "administrator", "999901002", name="there")
    office.post(f"{PAGE}/keep", host="127.0.0.1", port="2525", township="999901001", **MAIL)
    for account, offered in ((made["office"], True), (there, False)):
        with acting(web_engine(engine), account) as session:
            assert ways(session).email is offered
    other = Keeper(engine, there, channel_hosts="127.0.0.1")
    assert "2525" not in other.get(f"{PAGE}?township=999901002").text
    assert other.post(f"{PAGE}/drop", channel="email", township="999901001").status_code == 403
    assert other.get(f"{PAGE}?township=999901001").status_code == 403
