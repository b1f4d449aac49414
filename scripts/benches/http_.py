"""How fast does the server answer "which grid is this?" over HTTP?

scripts/bench http serves a synthetic town of 100,000 houses and 1,000 grids from a private store with
``gisgrid serve`` on this machine, and asks for points at a fixed rate. The clock of a request starts
when it was due, not when it was sent, so that a slow answer is not hidden by the requests it held up.
Where wrk is installed (Debian: apt-get install wrk), its most requests a second stand beside. The
table goes to docs/benchmarks/http.md with --write.
"""

from __future__ import annotations

import random
import re
import secrets
import select
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field

from frame import Store, machine, options, parsed, private_store, serving, write_report

from gisgrid.db.store import transaction
from tests.support.web import fill_town

COLUMNS, ROWS, HOUSES = 40, 25, 100_000
WEST, SOUTH, EAST, NORTH = 120.9, 40.7, 120.9 + COLUMNS * 0.004, 40.7 + ROWS * 0.003
CONNECTIONS = 16
POINT, PEER = "point", "static file"
PEER_PATH = "/static/icon.svg"
"""Asked at the same rate in the same run: what the framework, the client and the machine cost."""


@dataclass
class Run:
    """What a run at a fixed rate measured."""

    what: str
    rate: int
    asked: int = 0
    errors: int = 0
    seconds: float = 0.0
    late_ms: list[float] = field(default_factory=list)
    """Milliseconds from when each request was due to its whole answer."""

    def at(self, share: float) -> float:
        ordered = sorted(self.late_ms)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def main() -> None:
    parser = options("http", __doc__, page="docs/benchmarks/http.md")
    parser.add_argument("--rates", type=int, nargs="+", default=[100, 250, 500])
    parser.add_argument("--seconds", type=float, default=20, help="of each rate (at most 60)")
    args = parsed(parser)
    with private_store() as store:
        with transaction(store.engine) as session:
            fill_town(session, columns=COLUMNS, rows=ROWS, houses=HOUSES, events=1000)
        write_report(args, measure(store, args.rates, min(args.seconds, 60.0)))


def measure(store: Store, rates: list[int], seconds: float) -> list[str]:
    """Serve, ask, stop; the lines of the report."""
    with serving(store, secrets.token_urlsafe(48)) as server:
        at_rate(server.port, 50, 4.0)  # both processes have answered before anything counts
        runs = []
        for rate in rates:
            print(f"{rate} requests/s for {seconds:.0f} s …", file=sys.stderr)
            for what in (POINT, PEER):
                runs.append(at_rate(server.port, rate, seconds, what))
        return report(runs, wrk(server.port))


def request(rng: random.Random, what: str = POINT) -> bytes:
    lon, lat = rng.uniform(WEST, EAST), rng.uniform(SOUTH, NORTH)
    path = f"/api/v1/locate?lon={lon:.7f}&lat={lat:.7f}" if what == POINT else PEER_PATH
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n".encode()


def at_rate(port: int, rate: int, seconds: float, what: str = POINT) -> Run:
    """Ask at ``rate`` for ``seconds``, each request at its own moment (evenly spread).

    One thread and bare sockets, since the client takes its time from the server's cores. ``select``
    waits to the microsecond, where epoll's whole milliseconds would count as the server's.
    """
    run, rng, clock = Run(what, rate), random.Random(rate), time.perf_counter
    idle = [connected(port) for _ in range(CONNECTIONS)]
    busy: dict[socket.socket, tuple[float, bytes]] = {}
    total, start = int(rate * seconds), clock()
    while run.asked < total or busy:
        due = start + run.asked / rate
        while run.asked < total and idle and due <= clock():
            connection = idle.pop()
            connection.sendall(request(rng, what))
            busy[connection] = due, b""
            run.asked += 1
            due = start + run.asked / rate
        wait = max(due - clock(), 0.0) if run.asked < total and idle else 10.0
        ready, _, _ = select.select(list(busy), [], [], wait)
        if not ready and wait == 10.0:
            sys.exit("the server does not answer any more")
        for connection in ready:
            due, got = busy.pop(connection)
            more = connection.recv(65536)
            got += more
            if more and not whole(got):
                busy[connection] = due, got
                continue
            run.late_ms.append((clock() - due) * 1000)
            run.errors += not is_answer(got, what)
            closed = not more or b"connection: close" in got.lower()
            if closed:
                connection.close()
            # The longest idle is asked next, so that all connections take part.
            idle.insert(0, connected(port) if closed else connection)
    run.seconds = clock() - start
    for connection in idle:
        connection.close()
    return run


def connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def whole(got: bytes) -> bool:
    """Whether an answer has arrived to its last byte."""
    head, end, body = got.partition(b"\r\n\r\n")
    size = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    return bool(end) and len(body) >= (int(size[1]) if size else 0)


def is_answer(got: bytes, what: str) -> bool:
    return whole(got) and got.startswith(b"HTTP/1.1 200") and (what == PEER or b'"grid"' in got)


def wrk(port: int) -> str | None:
    """Most requests a second that wrk gets out of 8 connections in 10 s; None without wrk."""
    if shutil.which("wrk") is None:
        return None
    url = f"http://127.0.0.1:{port}/api/v1/locate?lon=120.9533333&lat=40.7333333"
    done = subprocess.run(
        ["wrk", "-t1", "-c8", "-d10s", "--latency", url], capture_output=True, text=True, check=True
    )
    keep = ("Requests/sec", "99%", "Non-2xx", "Socket errors")
    return "; ".join(
        " ".join(line.split()) for line in done.stdout.splitlines() if any(k in line for k in keep)
    )


def report(runs: list[Run], most: str | None) -> list[str]:
    lines = [
        "# Look-ups over HTTP",
        "",
        "Written by `scripts/bench http --write`: `gisgrid serve` with its 2 processes on 127.0.0.1, "
        f"a synthetic town of {HOUSES:,} houses and {COLUMNS * ROWS:,} grids, points all over it, "
        f"{CONNECTIONS} connections; the client shares the cores. Milliseconds from when a request was "
        "due to its whole answer.",
        "",
        machine(),
        "",
        "| what | requests/s asked | answered/s | requests | errors | p50 ms | p90 ms | p99 ms | worst ms |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {r.what} | {r.rate} | {len(r.late_ms) / r.seconds:.0f} | {r.asked} | {r.errors} | {r.at(0.5):.1f} "
        f"| {r.at(0.9):.1f} | {r.at(0.99):.1f} | {max(r.late_ms):.1f} |"
        for r in runs
    ]
    if most:
        lines += ["", f"wrk with 8 connections that never wait: {most}."]
    return lines


if __name__ == "__main__":
    main()
