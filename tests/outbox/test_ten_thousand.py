"""Ten thousand messages to a mail server and to a gateway that die half-way: none is lost, none is another's twice."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.outbox.channels import keep_channel
from gisgrid.outbox.sending import Installation, SendingPace, send_due
from tests.support.accounts import appointed
from tests.support.receivers import GatewayEnd, Mailbox, gateway_end, mail_server
from tests.support.waiting import eventually
from tests.support.web import fill_town

pytestmark = pytest.mark.long

N = 10_000
A_WHILE_S = 900.0
PACE = SendingPace(first_pause_s=0.2, longest_pause_s=1.0, lease_s=4.0, timeout_s=2.0, batch_s=2.0)
TELL = """
SELECT tell(jsonb_agg(jsonb_build_object('key', 'many:' || n, 'kind', 'emergency', 'urgent', true, 'town', t.area_id,
    'grid', '999901001001001', 'subject', 'case', 'subject_id', n, 'code', 'E-' || n, 'account', k.id)))
FROM township t, account k, generate_series(1, :n) n WHERE k.name = 'worker'
"""
SENT = "SELECT count(*) FROM outbox_delivery WHERE channel = :c AND state = 'delivered'"
TRIED = "SELECT count(*) FROM outbox_delivery WHERE channel = :c AND state = 'waiting' AND failed IS NOT NULL"
TOKENS = "SELECT token::text FROM outbox_delivery WHERE channel = :c"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], None]:
    def town(session: Session) -> None:
        fill_town(session, columns=3, rows=3, houses=9, events=9)
        appointed(session, "grid_worker", grid="999901001001001", name="worker")
        session.execute(
            text(
                "INSERT INTO outbox_person (account_id, email, address) "
                "SELECT id, 'worker@town.example', 'worker' FROM account WHERE name = 'worker'"
            )
        )

    return town


@contextlib.contextmanager
def sending(engine: Engine) -> Iterator[None]:
    """Somebody who sends what is due, as the worker does."""
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(0.02):
            send_due(engine, Installation("https://grid.example", "zh"), PACE)

    working = threading.Thread(target=send)
    working.start()
    try:
        yield
    finally:
        stop.set()
        working.join()


def counted(engine: Engine, sql: str, channel: str) -> int:
    with transaction(engine, read_only=True) as session:
        return int(session.scalar(text(sql), {"c": channel}) or 0)


def through(
    engine: Engine,
    channel: str,
    came: Callable[[], list[str]],
    first: contextlib.ExitStack,
    again: Callable[[], contextlib.AbstractContextManager[object]],
) -> None:
    """Tell so many, let the receiver die half-way and come back; all must be there."""
    with transaction(engine) as session:
        session.execute(text(TELL), {"n": N})
    with sending(engine):
        assert eventually(lambda: len(came()) >= N // 2, seconds=A_WHILE_S)
        first.close()
        assert eventually(partial(counted, engine, TRIED, channel), seconds=A_WHILE_S), (
            "that nobody is there is noted, and it is tried again"
        )
        assert counted(engine, SENT, channel) < N
        with again():
            assert eventually(lambda: counted(engine, SENT, channel) == N, seconds=A_WHILE_S)
    with transaction(engine, read_only=True) as session:
        tokens = set(session.scalars(text(TOKENS), {"c": channel}))
    got = Counter(came())
    assert len(tokens) == N and set(got) == tokens, (
        "none is lost, and nothing came that was not told"
    )
    # Whose answer was cut off comes again with its own id, by which the receiver knows it.
    assert sum(got.values()) - N <= 2


def test_a_gateway_that_dies_half_way_gets_each_request(engine: Engine):
    end = GatewayEnd(most=N // 2)
    with contextlib.ExitStack() as first:
        first.enter_context(gateway_end(end=end))
        with transaction(engine) as session:
            keep_channel(
                session, "webhook", {"url": f"http://127.0.0.1:{end.port}/"}, township_id=None, secret="x"
            )  # fmt: skip

        def again() -> contextlib.AbstractContextManager[object]:
            end.most = None
            return gateway_end(end.port, end)

        through(engine, "webhook", lambda: end.tokens, first, again)


def test_a_mail_server_that_dies_half_way_gets_each_letter(engine: Engine):
    boxes: list[Mailbox] = []
    with contextlib.ExitStack() as first:
        boxes.append(first.enter_context(mail_server()))
        port = boxes[0].port
        said = {
            "host": "127.0.0.1",
            "port": str(port),
            "sender": "grid@town.example",
            "security": "none",
        }
        with transaction(engine) as session:
            keep_channel(session, "email", said, township_id=None)

        @contextlib.contextmanager
        def again() -> Iterator[None]:
            with mail_server(port=port) as box:
                boxes.append(box)
                yield

        def came() -> list[str]:
            return [
                letter["Message-ID"].strip("<>").partition("@")[0]
                for box in boxes
                for letter in box.letters
            ]

        through(engine, "email", came, first, again)
