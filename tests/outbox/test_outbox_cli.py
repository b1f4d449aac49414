"""``gisgrid outbox``: channels are set up without their secrets being told, what was given up is sent again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.outbox.sending import Installation, SendingPace, send_due
from tests.support.case_town import Peopled
from tests.support.outbox import TownOfNews, everybody
from tests.support.receivers import gateway_end, mail_server
from tests.support.terminal import gisgrid

HERE = Installation("https://grid.example", "zh")
SECRET = "ein-geheimes-wort-das-nirgends-steht"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return everybody


@pytest.fixture
def town(engine: Engine, made: Peopled) -> TownOfNews:
    return TownOfNews(engine, made)


def test_a_channel_is_set_up_tried_and_listed_and_its_secret_never_told(
    town: TownOfNews, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    key = tmp_path / "key"
    key.write_text(f"{SECRET}\n")
    with gateway_end() as end:
        url = f"http://127.0.0.1:{end.port}/hook?key=hidden-in-the-address"
        args = ("outbox", "channel", "webhook", "--set", f"url={url}", "--secret-file", str(key))
        dry = gisgrid(town.engine, *args)
        assert dry.exit_code == 0 and not town.value("SELECT count(*) FROM outbox_channel")
        said = [dry.output, gisgrid(town.engine, *args, "--commit").output]
        tried = gisgrid(town.engine, "outbox", "test-channel", "webhook", "--to", "19900000001")
        assert tried.exit_code == 0 and "webhook: taken" in tried.output
        # What is not named stays as it was.
        gisgrid(town.engine, "outbox", "channel", "webhook", "--set", "template=sms", "--commit")
        listed = gisgrid(town.engine, "outbox", "channels").output
        change = ("outbox", "channel", "webhook", "--commit")
        assert "webhook: off" in gisgrid(town.engine, *change, "--off").output
        still = gisgrid(town.engine, *change, "--set", "template=sms").output
        assert "webhook: off" in still and not town.value("SELECT active FROM outbox_channel")
        assert "webhook: on" in gisgrid(town.engine, *change, "--on").output
        assert f"http://127.0.0.1:{end.port}/hook?" in listed and "kept" in listed
        said += [tried.output, listed]
    assert [got.json["to"] for got in end.got] == ["19900000001"]
    everything = "".join(said) + caplog.text
    assert SECRET not in everything and "hidden-in-the-address" not in everything
    dead = gisgrid(town.engine, "outbox", "test-channel", "webhook", "--to", "1", chinese=True)
    assert dead.exit_code and "无人应答" in dead.output
    gone = gisgrid(town.engine, "outbox", "channel", "webhook", "--drop", "--commit")
    assert "gone" in gone.output
    assert gisgrid(town.engine, "outbox", "test-channel", "webhook").exit_code


def test_a_wrong_setting_is_told_and_nothing_is_kept(town: TownOfNews):
    for args, words in (
        (("email", "--set", "host"), "NAME=VALUE"),
        (("email", "--set", "host=x y", "--set", "sender=a@b"), "name of a server"),
        (("webhook", "--set", "url=http://x/", "--township", "nowhere"), "township"),
        (("webhook", "--drop"), "no such channel"),
    ):
        found = gisgrid(town.engine, "outbox", "channel", *args, "--commit")
        assert found.exit_code and words in found.output, args
    assert town.value("SELECT count(*) FROM outbox_channel") == 0


def test_what_was_given_up_is_listed_with_its_reason_and_sent_again_with_its_token(
    town: TownOfNews,
):
    town.run(
        "INSERT INTO outbox_person (account_id, email) VALUES (:a, 'leader@town.example')",
        a=town.people["leader"],
    )
    with mail_server() as box:
        setting = (
            "host=127.0.0.1",
            f"port={box.port}",
            "sender=grid@town.example",
            "security=none",
        )
        values = [part for each in setting for part in ("--set", each)]
        assert (
            gisgrid(town.engine, "outbox", "channel", "email", *values, "--commit").exit_code == 0
        )
        box.refusing = {"leader@town.example": "550 unknown leader@town.example"}
        town.seen_now(emergency=True)
        assert send_due(town.engine, HERE, SendingPace()) == {"failed": 1}
        token = town.value("SELECT token FROM outbox_delivery WHERE channel = 'email'")
        listed = gisgrid(town.engine, "outbox", "list", "--state", "failed").output
        assert "550" in listed and "leader.ce" in listed and "leader@" not in listed
        assert gisgrid(town.engine, "outbox", "retry", "999999", "--commit").exit_code
        assert "to be sent again: 1" in gisgrid(town.engine, "outbox", "retry").output
        assert send_due(town.engine, HERE) == {}, "that was a dry run"
        gisgrid(town.engine, "outbox", "retry", "--commit")
        box.refusing = {}
        assert send_due(town.engine, HERE) == {"delivered": 1}
        assert [letter["Message-ID"] for letter in box.letters] == [f"<{token}@town.example>"]
    counted = gisgrid(town.engine, "outbox", "list").output
    assert "emergency" in counted and "delivered" in counted
