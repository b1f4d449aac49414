"""Is a message lost or told twice, when its receiver and its sender die at work; and how soon does a page hear?

scripts/bench outbox tells 10,000 things at once over a private store with the product's own settings. One
process sends; it is killed the hard way three times at random moments, and started again. Half-way the
receiver dies too: a gateway that counts requests by their ``webhook-id``, then a mail server that counts
letters by their ``Message-ID``. In the end every id must be there, and what came twice bears the same id as before.
Then 200 streams of ``gisgrid serve`` are open, as of people on their pages, and emergencies are called.
The table goes to docs/benchmarks/outbox.md with --write.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import random
import secrets
import select
import signal
import socket
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from frame import Store, machine, options, parsed, private_store, serving, write_report
from sqlalchemy import Engine, create_engine, text

from gisgrid.cases.bulk import open_loaded
from gisgrid.db.store import transaction
from gisgrid.outbox.channels import keep_channel
from gisgrid.outbox.sending import Installation, SendingPace, send_due
from tests.support.accounts import appointed
from tests.support.receivers import GatewayEnd, Mailbox, gateway_end, mail_server
from tests.support.web import app_over, fill_town, session_cookie

GOAL_MS = 2_000
KILLS = 3
DEAD_S = 5.0
"""So long the receiver is away."""
PACE = SendingPace(first_pause_s=0.5, longest_pause_s=2.0, lease_s=4.0, timeout_s=2.0, batch_s=2.0)
"""The product's own would take hours to come to its last try; what is measured is that nothing is lost."""
OTHERS = 400
GRID = "999901001001001"


@dataclass(frozen=True)
class Receiver:
    """The other end of a channel: what came there, and how it dies and comes back."""

    channel: str
    came: Callable[[], int]
    away: Callable[[], None]
    back: Callable[[], contextlib.AbstractContextManager[object]]


@dataclass(frozen=True)
class Crowd:
    """Who is told in which township, and how much."""

    town: int
    people: list[int]
    n: int


@dataclass
class Sent:
    """What came of one channel."""

    told: int
    tell_s: float
    all_s: float
    came: Counter[str]
    delivered: int
    tries: int
    killed: int

    @property
    def lost(self) -> int:
        return self.told - len(self.came)

    @property
    def twice(self) -> int:
        return sum(n - 1 for n in self.came.values())


def main() -> None:
    parser = options("outbox", __doc__, page="docs/benchmarks/outbox.md")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--emergencies", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parsed(parser)
    chance = random.Random(args.seed)
    with private_store() as store:
        with transaction(store.engine) as session:
            town = fill_town(session, columns=3, rows=3, houses=40, events=20)
            leaders = [
                appointed(session, "grid_worker", grid=GRID, name=f"worker.{n}") for n in range(40)
            ]
            session.execute(
                text(
                    "INSERT INTO outbox_person (account_id, email, address) SELECT id, "
                    "name || '@town.example', name FROM account"
                )
            )
        step_ms = steps(store.engine, town.township_id, 200)
        crowd = Crowd(town.township_id, leaders, args.messages)
        gateway, mail = (by(store.engine, crowd, chance) for by in (by_gateway, by_mail))
        heard = pages(store, town.township_id, leaders, args)
        write_report(args, report(args, (gateway, mail), heard, step_ms))


def steps(engine: Engine, town: int, n: int) -> tuple[float, float]:
    """Milliseconds that a step which makes a task takes, told and untold, in turns; medians."""
    with transaction(engine) as session:
        for each in range(OTHERS):
            appointed(
                session,
                "grid_worker",
                grid=f"99990100100{2 + each % 8}001",
                name=f"other.{each}",
            )
        open_loaded(session, town)
        cases = session.scalars(text("SELECT id FROM event_case WHERE NOT open ORDER BY id")).all()
    took: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(n):
        is_told = turn % 2 == 0
        with contextlib.closing(engine.connect()) as connection, connection.begin() as undone:
            # The lock of ALTER TABLE is taken before the watch starts.
            connection.execute(
                text(
                    f"ALTER TABLE case_step {'ENABLE' if is_told else 'DISABLE'} TRIGGER tell_of_steps"
                )
            )
            began = time.perf_counter()
            connection.execute(text(_STEP), {"case": cases[turn % len(cases)], "grid": GRID})
            took[is_told].append((time.perf_counter() - began) * 1000)
            undone.rollback()
    return statistics.median(took[True]), statistics.median(took[False])


def by_gateway(engine: Engine, crowd: Crowd, chance: random.Random) -> Sent:
    end = GatewayEnd(most=crowd.n // 2)
    with contextlib.ExitStack() as first:
        first.enter_context(gateway_end(end=end))
        url = f"http://127.0.0.1:{end.port}/"
        with transaction(engine) as session:
            keep_channel(
                session, "webhook", {"url": url}, township_id=None, secret=secrets.token_hex()
            )

        def away() -> None:
            first.close()
            time.sleep(DEAD_S)
            end.most = None

        def back() -> contextlib.AbstractContextManager[object]:
            return gateway_end(end.port, end)

        found = through(
            engine, crowd, Receiver("webhook", lambda: len(end.got), away, back), chance
        )
    found.came = Counter(end.tokens)
    return found


def by_mail(engine: Engine, crowd: Crowd, chance: random.Random) -> Sent:
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

        def away() -> None:
            first.close()
            time.sleep(DEAD_S)

        @contextlib.contextmanager
        def back() -> Iterator[object]:
            with mail_server(port=port) as box:
                boxes.append(box)
                yield box

        def came() -> int:
            return sum(len(box.letters) for box in boxes)

        found = through(engine, crowd, Receiver("email", came, away, back), chance)
    found.came = Counter(letter["Message-ID"] for box in boxes for letter in box.letters)
    return found


def through(engine: Engine, crowd: Crowd, end: Receiver, chance: random.Random) -> Sent:
    """Tell so many, kill the sender now and then and the receiver half-way, until nothing waits."""
    with transaction(engine) as session:
        session.execute(text("DELETE FROM outbox_message"))
        session.execute(
            text("UPDATE outbox_channel SET active = (channel = :c)"), {"c": end.channel}
        )
    n = crowd.n
    began = time.perf_counter()
    with transaction(engine) as session:
        session.execute(text(_TELL), vars(crowd))
    tell_s = time.perf_counter() - began
    at = sorted(chance.sample(range(n // 20, n - n // 20), KILLS))
    sender = started(engine)
    killed = 0
    with contextlib.ExitStack() as again:
        was_away = False
        while waiting(engine, end.channel):
            if killed < KILLS and end.came() >= at[killed]:
                os.kill(sender.pid or 0, signal.SIGKILL)
                sender.join()
                killed += 1
                sender = started(engine)
            if not was_away and end.came() >= n // 2:
                end.away()
                again.enter_context(end.back())
                was_away = True
            time.sleep(0.05)
        all_s = time.perf_counter() - began
        sender.terminate()
        sender.join()
        if not was_away:
            sys.exit("the receiver never died")
    with transaction(engine) as session:
        row = session.execute(
            text(
                "SELECT count(*) FILTER (WHERE state = 'delivered') AS delivered, sum(tries) AS tries "
                "FROM outbox_delivery WHERE channel = :c"
            ),
            {"c": end.channel},
        ).one()
    return Sent(n, tell_s, all_s, Counter(), row.delivered, int(row.tries), killed)


def started(engine: Engine) -> multiprocessing.process.BaseProcess:
    url = engine.url.render_as_string(hide_password=False)
    process = multiprocessing.get_context("spawn").Process(target=send, args=(url,), daemon=True)
    process.start()
    return process


def send(url: str) -> None:
    """The life of the process that sends."""
    engine = create_engine(url)
    while True:
        send_due(engine, Installation("https://grid.example", "zh"), PACE)
        time.sleep(0.1)


def waiting(engine: Engine, channel: str) -> int:
    with transaction(engine, read_only=True) as session:
        return int(
            session.scalar(
                text(
                    "SELECT count(*) FROM outbox_delivery WHERE channel = :c AND state = 'waiting'"
                ),
                {"c": channel},
            )
            or 0
        )


def pages(store: Store, town: int, people: list[int], args: argparse.Namespace) -> list[float]:
    """Milliseconds from an emergency's transaction until each stream of those concerned has told of it."""
    with transaction(store.engine) as session:
        session.execute(text("DELETE FROM outbox_channel"))
    key = secrets.token_urlsafe(48)
    app = app_over(store.engine, secret_key=key)
    cookies = [session_cookie(app, store.engine, each) for each in people]
    heard: list[float] = []
    with serving(store, key) as server:
        ears = [opened(server.port, cookies[n % len(cookies)], n) for n in range(args.streams)]
        time.sleep(3)
        if deaf := sum(b"event: hello" not in drain(ear) for ear in ears):
            sys.exit(f"{deaf} streams were not opened")
        for n in range(args.emergencies):
            began = time.perf_counter()
            call = threading.Thread(target=called, args=(store.engine, town, people, n))
            call.start()
            open_ears = set(ears)
            while open_ears and time.perf_counter() - began < 10:
                ready, _, _ = select.select(list(open_ears), [], [], 0.5)
                for ear in ready:
                    if b"event: told" in drain(ear):
                        heard.append((time.perf_counter() - began) * 1000)
                        open_ears.discard(ear)
            call.join()
            time.sleep(0.5)
        for ear in ears:
            ear.close()
    return heard


def called(engine: Engine, town: int, people: list[int], n: int) -> None:
    with transaction(engine) as session:
        session.execute(text(_CALL), {"t": town, "n": n, "people": people})


def opened(port: int, cookie: str, n: int) -> socket.socket:
    """A stream of one of many: an address of the network may have so many open."""
    ear = socket.create_connection(
        ("127.0.0.1", port), timeout=30, source_address=(f"127.0.0.{2 + n % 20}", 0)
    )
    ear.sendall(
        f"GET /messages/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    return ear


def drain(ear: socket.socket) -> bytes:
    ear.setblocking(False)
    got = b""
    with contextlib.suppress(BlockingIOError):
        while more := ear.recv(65536):
            got += more
    return got


def report(
    args: argparse.Namespace,
    sent: tuple[Sent, Sent],
    heard: list[float],
    step_ms: tuple[float, float],
) -> list[str]:
    gateway, mail = sent
    every = sorted(heard)
    expected = args.streams * args.emergencies
    lines = [
        "# Messages that leave the house",
        "",
        f"Written by `scripts/bench outbox --write`: {args.messages:,} messages told in one transaction over a private "
        f"store (fsync on), sent by one process that is killed with SIGKILL {KILLS} times at random moments, to a "
        f"receiver that dies half-way for {DEAD_S:.0f} s. *Twice*: requests whose id had come before, which is how a "
        "receiver knows them; a try of which nobody knows how it ended is made again with the same id. Pauses and "
        "leases are of seconds here, so that the run ends.",
        "",
        machine(),
        "",
        "| | asked | gateway (signed HTTP) | mail server (SMTP) |",
        "|---|---:|---:|---:|",
    ]
    rows: list[tuple[str, str, Callable[[Sent], str]]] = [
        ("messages told", "10,000", lambda s: f"{s.told:,}"),
        ("ids that came", "all", lambda s: f"{len(s.came):,}"),
        ("lost", "0", lambda s: f"{s.lost}"),
        ("delivered in the store", "all", lambda s: f"{s.delivered:,}"),
        (
            "came twice with the same id",
            "only after a kill or a cut answer",
            lambda s: f"{s.twice}",
        ),
        ("tries that were begun", "", lambda s: f"{s.tries:,}"),
        ("sender killed, times", "", lambda s: f"{s.killed}"),
        ("telling them all, s", "", lambda s: f"{s.tell_s:.1f}"),
        ("from then until the last was delivered, s", "", lambda s: f"{s.all_s:.0f}"),
    ]
    lines += [f"| {name} | {goal} | {of(gateway)} | {of(mail)} |" for name, goal, of in rows]
    lines += [
        "",
        f"An emergency on {args.streams} open pages of {min(40, args.streams)} people, {args.emergencies} times, from the "
        f"beginning of its transaction to each stream: {len(every):,} of {expected:,} told, median "
        f"{statistics.median(every):.0f} ms, 99 of 100 within {every[int(len(every) * 0.99)]:.0f} ms, worst "
        f"{every[-1]:.0f} ms (asked: {GOAL_MS:,} ms).",
        "",
        f"A step that gives a case to a grid, told to {40} people of its team among {40 + OTHERS} posts of the township, "
        f"takes {step_ms[0]:.1f} ms in the store; untold, in turns with it, {step_ms[1]:.1f} ms (medians of 100 each).",
    ]
    return lines


_STEP = """
INSERT INTO case_step (case_id, seq, step, at, actor, role, reason, level, grid_code)
SELECT id, seq + 1, 'reopen', now(), 'bench', 'dispatcher', 'bench', 'grid', :grid FROM event_case WHERE id = :case
"""
_TELL = """
SELECT tell(jsonb_agg(jsonb_build_object('key', 'bench:' || n, 'kind', 'emergency', 'urgent', true, 'town',
    CAST(:town AS bigint), 'grid', '999901001001001', 'subject', 'case', 'subject_id', n, 'code', 'E-' || n, 'account',
    (CAST(:people AS bigint[]))[1 + n % cardinality(CAST(:people AS bigint[]))])))
FROM generate_series(1, :n) n
"""
_CALL = """
SELECT tell(jsonb_agg(jsonb_build_object('key', 'call:bench:' || CAST(:n AS int), 'kind', 'emergency', 'urgent', true,
    'town', CAST(:t AS bigint), 'grid', '999901001001001', 'subject', 'case', 'subject_id', 1, 'code', 'E', 'account', a)))
FROM unnest(CAST(:people AS bigint[])) a
"""

if __name__ == "__main__":
    main()
