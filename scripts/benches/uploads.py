"""Do look-ups stay quick while others hold the server's doors open?

scripts/bench uploads serves a synthetic town with ``gisgrid serve`` on this machine and asks for points at
a fixed rate: alone, then beside uploads that trickle, clients that do not read what they asked for,
connections that ask nothing, 300 streams that one account tries to open, and all of these at once. The
table goes to docs/benchmarks/uploads.md with --write.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from frame import Store, machine, options, parsed, private_store, serving, write_report
from http_ import COLUMNS, HOUSES, POINT, ROWS, Run, at_rate

from gisgrid.db.store import transaction
from tests.support.web import app_over, fill_town, session_cookie

GOAL_MS = 50
Holding = Callable[[int, int], contextlib.AbstractContextManager["Held"]]


@dataclass
class Held:
    """What was held open, and what the server did about it."""

    opened: int = 0
    """Connections of that kind in all."""
    at_a_time: int = 0
    """Most of them that were open at once."""
    words: str = ""


def main() -> None:
    parser = options("uploads", __doc__, page="docs/benchmarks/uploads.md")
    parser.add_argument(
        "--count", type=int, default=200, help="of uploads, slow readers and idle ones"
    )
    parser.add_argument("--rate", type=int, default=100, help="of look-ups a second")
    parser.add_argument("--seconds", type=float, default=20, help="of each part (at most 60)")
    args = parsed(parser)
    with private_store() as store:
        with transaction(store.engine) as session:
            town = fill_town(session, columns=COLUMNS, rows=ROWS, houses=HOUSES, events=1000)
        write_report(args, measure(store, town.account, args))


def measure(store: Store, account: int, args: argparse.Namespace) -> list[str]:
    """Serve, ask, hold, stop; the lines of the report."""
    key, seconds = secrets.token_urlsafe(48), min(args.seconds, 60.0)
    cookie = session_cookie(app_over(store.engine, secret_key=key), store.engine, account)
    rows: list[tuple[str, Run, Held]] = []
    with serving(store, key) as server:
        at_rate(server.port, 50, 4.0)  # both processes have answered before anything counts
        rows.append(("nothing else", at_rate(server.port, args.rate, seconds), Held()))
        kinds: list[tuple[str, Holding]] = [
            (f"{args.count} uploads of 2 kB/s from 8 addresses", trickling(2000, 8)),
            (f"{args.count} uploads of 10 B/s from one address", trickling(10, 1)),
            (f"{args.count} clients that do not read", not_reading),
            (f"{args.count} connections that ask nothing", idle),
            ("300 streams that one account opens", streaming(cookie)),
        ]
        for what, hold in kinds:
            with hold(server.port, args.count) as held:
                rows.append((what, at_rate(server.port, args.rate, seconds), held))
        with contextlib.ExitStack() as stack:
            held_all = [stack.enter_context(hold(server.port, args.count)) for _, hold in kinds]
            run = at_rate(server.port, args.rate, seconds)
        total = Held(sum(h.opened for h in held_all), sum(h.at_a_time for h in held_all))
        rows.append(("all of these at once", run, total))
        rows.append(("nothing else, afterwards", at_rate(server.port, args.rate, seconds), Held()))
    return report(args, rows)


class Crowd:
    """Connections kept open by a process of their own, each begun anew when the server ends it."""

    again = True
    """Whether who is let go comes again."""

    def __init__(self, port: int, count: int, addresses: int, first: bytes) -> None:
        self.port, self.count, self.addresses, self.first = port, count, addresses, first
        self.open: dict[socket.socket, float] = {}
        self.held = Held()
        self.answers: dict[str, int] = {}

    def each(self, one: socket.socket, now: float) -> None:
        """What one of them does when it is its turn."""

    def hears(self, one: socket.socket) -> bool:
        """Take note of an answer; whether the connection is over."""
        try:
            got = one.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            got = b""
        status = got[9:12].decode() if got.startswith(b"HTTP/1.1 ") else ""
        if status:
            self.answers[status] = self.answers.get(status, 0) + 1
        return not got or status not in ("", "200")

    def keep(self, told: Connection) -> None:
        """Keep them open until told to stop; then tell how it went."""
        for n in range(self.count):
            self._begin(n)
        told.send(None)
        n = self.count
        while not told.poll(0.1):
            now = time.monotonic()
            for one in list(self.open):
                if self.hears(one):
                    self.open.pop(one)
                    one.close()
                    n += 1
                    if self.again:
                        self._begin(n)
                    continue
                with contextlib.suppress(OSError):
                    self.each(one, now)
            self.held.at_a_time = max(self.held.at_a_time, len(self.open))
        said = ", ".join(f"{n} × {status}" for status, n in sorted(self.answers.items()))
        self.held.words = said or "nothing"
        told.send(self.held)

    def _begin(self, n: int) -> None:
        one = socket.socket()
        try:
            one.bind((f"127.0.0.{n % self.addresses + 2}", 0))
            one.settimeout(5)
            one.connect(("127.0.0.1", self.port))
            one.sendall(self.first)
            one.setblocking(False)
        except OSError:
            one.close()
            return
        self.open[one] = time.monotonic()
        self.held.opened += 1


class Trickle(Crowd):
    """Uploads that come so slowly."""

    bytes_a_second = 0

    def each(self, one: socket.socket, now: float) -> None:
        # At 10 bytes a second one goes out every tenth of one.
        one.send(b"x" * max(self.bytes_a_second // 10, 1))


class Deaf(Crowd):
    """Who never reads what it asked for."""

    def hears(self, one: socket.socket) -> bool:
        # Looked at without taking anything: is the connection still one?
        try:
            return one.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


class Once(Crowd):
    again = False


@contextlib.contextmanager
def kept(crowd: Crowd) -> Iterator[Held]:
    """The crowd at work; what is given is filled in afterwards."""
    held = Held()
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=crowd.keep, args=(theirs,))
    process.start()
    ours.recv()
    try:
        yield held
    finally:
        ours.send(None)
        held.__dict__.update(ours.recv().__dict__)
        process.join()


def trickling(bytes_a_second: int, addresses: int) -> Holding:
    def hold(port: int, count: int) -> contextlib.AbstractContextManager[Held]:
        first = (
            b"POST /report HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 3000000\r\n\r\n--b\r\n"
        )
        crowd = Trickle(port, count, addresses, first)
        crowd.bytes_a_second = bytes_a_second
        return kept(crowd)

    return hold


def not_reading(port: int, count: int) -> contextlib.AbstractContextManager[Held]:
    return kept(Deaf(port, count, 8, b"GET /api/v1/grids HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 3))


def idle(port: int, count: int) -> contextlib.AbstractContextManager[Held]:
    return kept(Crowd(port, count, 8, b"GET / HTTP/1.1\r\nX-Slow: "))


def streaming(cookie: str) -> Holding:
    ask = f"GET /dispatch/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n"
    return lambda port, _: kept(Once(port, 300, 4, ask.encode()))


def report(args: argparse.Namespace, rows: list[tuple[str, Run, Held]]) -> list[str]:
    alone = rows[0][1]
    lines = [
        "# Look-ups beside who holds the doors open",
        "",
        "Written by `scripts/bench uploads --write`: `gisgrid serve` with its 2 processes, a synthetic town of "
        f"{HOUSES:,} houses; look-ups ({POINT}s) at {args.rate}/s, from when a request was due to its whole answer. "
        f"Goal: p99 < {GOAL_MS} ms beside 200 trickling uploads. Who is let go comes again at once, but for streams.",
        "",
        machine(),
        "",
        "| beside | opened | most at a time | what the server said | look-ups | errors | p50 ms | p99 ms | worst ms | p99 to alone |",
        "|---|---:|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for what, run, held in rows:
        lines.append(
            f"| {what} | {held.opened or ''} | {held.at_a_time or ''} | {held.words} | {run.asked} | {run.errors} "
            f"| {run.at(0.5):.1f} | {run.at(0.99):.1f} | {max(run.late_ms):.1f} | {run.at(0.99) / alone.at(0.99):.2f} |"
        )
    return lines


if __name__ == "__main__":
    main()
