"""The worker sends what waits, by itself, with the address and language of the installation."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.jobs import outbox
from gisgrid.outbox.channels import keep_channel
from tests.support.case_town import Peopled
from tests.support.outbox import TownOfNews, everybody
from tests.support.receivers import gateway_end
from tests.support.waiting import eventually


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return everybody


def test_what_is_told_while_the_worker_runs_is_sent(
    engine: Engine, made: Peopled, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outbox, "LOOK_S", 0.05)
    monkeypatch.setenv("GISGRID_PUBLIC_URL", "https://town.example")
    monkeypatch.setenv("GISGRID_LANGUAGE", "en")
    town = TownOfNews(engine, made)
    stop = threading.Event()
    with gateway_end() as end:
        with transaction(engine) as session:
            keep_channel(
                session, "webhook",
                {"url": f"http://127.0.0.1:{end.port}/", "template": "wecom"},
                township_id=made.place.id, secret="x",
            )  # fmt: skip
        working = threading.Thread(target=outbox.watch, args=(engine, stop))
        working.start()
        try:
            case = town.seen_now(emergency=True)
            assert eventually(lambda: end.got)
        finally:
            stop.set()
            working.join()
    said = end.got[0].json["text"]["content"]
    assert said.startswith("Emergency: case ") and said.endswith(
        f"https://town.example/cases/{case}"
    )
