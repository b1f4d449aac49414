"""Is the service back in time, and is anything lost, when a piece of it is killed at work?

scripts/bench kills runs ``gisgrid serve`` over a private store with the product's own settings (what is
acknowledged is on the disk), while two clients report events over Open311 and one asks for points. Each
piece is killed at random moments, the hard way: a server process, the worker, a connection of the store,
its first process, and the supervisor with all of them, which is then started again as an init system
would. In the end every report that was acknowledged must be there, once. The table goes to
docs/benchmarks/kills.md with --write.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dispatch_town import make
from frame import ROOT, machine, options, parsed, write_report
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from gisgrid.db import migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.people.tokens import add_token

GOAL_S = 10
PIECES = ("server process", "worker", "program", "connection of the store", "store", "supervisor")
WRITERS = 2


@dataclass
class Kill:
    """One kill, and what came of it."""

    piece: str
    answered_s: float
    """From the kill until a look-up and a report were answered again, each on a new connection."""
    ready_s: float | None
    """Until the piece itself was ready again; None: nobody tells."""


@dataclass
class Load:
    """Clients that work all the while."""

    port: int
    token: str
    acknowledged: set[str] = field(default_factory=set)
    tried: int = 0
    failures: int = 0
    looked_up: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def write(self) -> None:
        """Report again and again, each until it is acknowledged; the same key for the same report."""
        while not self.stop.is_set():
            key = str(uuid.uuid4())
            while not self.stop.is_set():
                self.tried += 1
                if self.report(key):
                    self.acknowledged.add(key)
                    break
                self.failures += 1
                self.stop.wait(0.1)

    def read(self) -> None:
        while not self.stop.wait(0.02):
            self.looked_up += self.look_up()

    def report(self, key: str) -> bool:
        form = {
            "service_code": "0101", "lat": "40.7333", "long": "120.9533", "client_id": key,
            "description": "虚构事件",
        }  # fmt: skip
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self._ask("POST", "/open311/v2/requests.json", urllib.parse.urlencode(form), headers)

    def look_up(self) -> bool:
        return self._ask("GET", "/api/v1/locate?lon=120.9533&lat=40.7333", None, {})

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


class Service:
    """``gisgrid serve`` and what it says."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        self.said_in = home.parent / "said"
        self.cluster = Cluster.at(home)
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.endswith("DATABASE_URL")}
        with self.said_in.open("wb") as said:
            self.process = subprocess.Popen(
                [str(ROOT / ".venv/bin/gisgrid"), "serve", "--port", str(self.port)],
                env={**environment, "GISGRID_HOME": str(self.home), "GISGRID_WEB_WORKERS": "2", "LC_ALL": "C.UTF-8"},
                stderr=said,
            )  # fmt: skip

    def lines(self) -> list[str]:
        return self.said_in.read_text(errors="replace").splitlines()

    def ready(self, piece: str = "the service is") -> int:
        return sum(
            f"gisgrid: {piece}" in line and "ready" in line and "not" not in line
            for line in self.lines()
        )

    def called(self, name: str) -> list[int]:
        """The program, or its forks by the name they have in ``ps``."""
        (program,) = (pid for pid in _below(self.process.pid) if _below(pid))
        forks = _below(program)
        if name == "program":
            return [program]
        return [pid for pid in forks if Path(f"/proc/{pid}/comm").read_text().startswith(name)]

    def backends(self) -> list[int]:
        engine = create_engine(self.cluster.url(), poolclass=NullPool)
        with contextlib.suppress(OperationalError), engine.connect() as connection:
            return list(connection.scalars(text(_BACKENDS)))
        return []


def main() -> None:
    parser = options("kills", __doc__, page="docs/benchmarks/kills.md")
    parser.add_argument("--times", type=int, default=20, help="each piece is killed")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--pieces", nargs="+", choices=PIECES, default=list(PIECES))
    args = parsed(parser)
    with tempfile.TemporaryDirectory(prefix="gg") as name:
        folder = Path(name)
        # The database server runs as another user when this runs as root.
        folder.chmod(0o755)
        cluster = Cluster.at(folder / "home")
        cluster.start()
        token = filled(cluster)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        service = Service(folder / "home", port)
        service.start()
        try:
            until(service.ready, 600)
            load = Load(port, token)
            with working(load):
                kills = [one for piece in args.pieces for one in killed(service, load, piece, args)]
            lost, doubled, there = compared(cluster, load.acknowledged)
        finally:
            service.process.terminate()
            stopped = service.process.wait(120)
            cluster.stop()
        write_report(args, report(args, kills, load, (lost, doubled, there), stopped))
        if lost or doubled:
            sys.exit(1)


def filled(cluster: Cluster) -> str:
    """A town whose dispatcher may report; the dispatcher's token."""
    engine = create_engine(cluster.url())
    migrate.upgrade(engine)
    make(engine, 2000)
    with transaction(engine) as session:
        _, token = add_token(session, "dispatcher.shi", "bench", ["handle_events"], days=1)
    engine.dispose()
    return token


@contextlib.contextmanager
def working(load: Load) -> Iterator[None]:
    threads = [threading.Thread(target=load.write) for _ in range(WRITERS)]
    threads.append(threading.Thread(target=load.read))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        time.sleep(2)
        load.stop.set()
        for thread in threads:
            thread.join()


def killed(service: Service, load: Load, piece: str, args: argparse.Namespace) -> Iterator[Kill]:
    """Kill a piece so often, each time once all is well again."""
    rng = random.Random(f"{args.seed} {piece}")
    for n in range(args.times):
        until(lambda: load.look_up() and load.report(str(uuid.uuid4())), 300)
        time.sleep(rng.uniform(0.5, 3))
        if piece == "supervisor":
            one = _supervisor(service, load)
        else:
            one = _piece(service, load, piece, rng)
        print(
            f"{piece} {n + 1}: answers after {one.answered_s:.1f} s, ready after {one.ready_s and round(one.ready_s, 1)} s",
            file=sys.stderr,
        )
        yield one


def _piece(service: Service, load: Load, piece: str, rng: random.Random) -> Kill:
    if piece == "connection of the store":
        victims, name = service.backends(), None
    elif piece == "store":
        found = service.cluster.postmaster()
        victims, name = [found] if found else [], "store"
    else:
        name = "server" if piece == "server process" else piece
        victims = service.called(name if name == "program" else f"gisgrid {name}")
    before = service.ready(name) if name else 0
    os.kill(rng.choice(victims), signal.SIGKILL)
    begun = time.monotonic()
    time.sleep(0.05)  # or the answer is one from before
    until(lambda: load.look_up() and load.report(str(uuid.uuid4())), 300)
    answered = time.monotonic() - begun
    if name is None:
        return Kill(piece, answered, None)
    until(lambda: service.ready(name) > before, 300)
    return Kill(piece, answered, time.monotonic() - begun)


def _supervisor(service: Service, load: Load) -> Kill:
    begun = time.monotonic()
    service.process.kill()
    service.process.wait()
    service.start()
    until(lambda: load.look_up() and load.report(str(uuid.uuid4())), 300)
    answered = time.monotonic() - begun
    until(service.ready, 300)
    return Kill("supervisor", answered, time.monotonic() - begun)


def _below(pid: int) -> list[int]:
    with contextlib.suppress(FileNotFoundError):
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def compared(cluster: Cluster, acknowledged: set[str]) -> tuple[int, int, int]:
    """Acknowledged reports that are not there, that are there twice, and all that are there."""
    engine = create_engine(cluster.url(), poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT client_id, count(*) FROM event WHERE client_id IS NOT NULL GROUP BY 1")
        )
        found = {str(key).rsplit(":", 1)[-1]: n for key, n in rows}
    lost = sum(key not in found for key in acknowledged)
    return lost, sum(n > 1 for n in found.values()), len(found)


def until(true: Callable[[], object], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            sys.exit("the service does not come back")
        time.sleep(0.05)


def report(
    args: argparse.Namespace,
    kills: list[Kill],
    load: Load,
    kept: tuple[int, int, int],
    stopped: int,
) -> list[str]:
    lost, doubled, there = kept
    lines = [
        "# Pieces of the service killed at work",
        "",
        f"Written by `scripts/bench kills --write`: `gisgrid serve` with 2 server processes, worker and private store "
        f"(fsync on), {WRITERS} clients that report and one that looks up all the while; each piece killed with SIGKILL "
        f"{args.times} times at random moments. *Answers*: from the kill until a look-up and a report on new "
        "connections were both answered; *ready*: until the piece itself was. The supervisor takes all its pieces "
        f"with it and is started again at once. Goal: each ≤ {GOAL_S} s, nothing acknowledged lost.",
        "",
        machine(),
        "",
        "| killed | times | answers: median s | worst s | ready: median s | worst s |",
        "|---|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for piece in args.pieces:
        of_it = [k for k in kills if k.piece == piece]
        answered = [k.answered_s for k in of_it]
        ready = [k.ready_s for k in of_it if k.ready_s is not None]
        lines.append(
            f"| {piece} | {len(of_it)} | {statistics.median(answered):.1f} | {max(answered):.1f} | "
            + (f"{statistics.median(ready):.1f} | {max(ready):.1f} |" if ready else " | |")
        )
    lines += [
        "",
        f"Reports acknowledged: {len(load.acknowledged):,}; of these lost: {lost}; taken twice: {doubled}; in the store: "
        f"{there:,} (some were taken whose answer was cut off). Tries that were not answered: {load.failures}; "
        f"look-ups answered: {load.looked_up:,}. Exit status after SIGTERM: {stopped}.",
    ]  # fmt: skip
    return lines


_BACKENDS = """
SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""

if __name__ == "__main__":
    main()
