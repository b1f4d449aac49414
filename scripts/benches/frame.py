"""What the benchmarks of the store and the server share: a private store, a server over it, a page."""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, create_engine

from gisgrid.db import migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.roles import WEB

ROOT = Path(__file__).resolve().parents[2]
# The made towns are those of the tests.
sys.path.insert(0, str(ROOT))


@dataclass(frozen=True)
class Store:
    """A store of its own with all migrations, as its owner and as the web enters it."""

    engine: Engine
    web_url: str


@dataclass(frozen=True)
class Server:
    """``gisgrid serve`` with its processes."""

    pid: int
    port: int


@contextlib.contextmanager
def private_store(**config: str) -> Iterator[Store]:
    """A private cluster in a temporary folder, with the settings of the product; gone afterwards.

    ``config`` overrides settings: ``fsync="off"`` where writing is not what is measured.
    """
    with tempfile.TemporaryDirectory(prefix="gg") as folder:
        # The database server runs as another user when this runs as root.
        Path(folder).chmod(0o755)
        cluster = Cluster.at(Path(folder) / "home", **config)
        cluster.start()
        try:
            engine = create_engine(cluster.url())
            migrate.upgrade(engine)
            yield Store(engine, cluster.url(user=WEB))
            engine.dispose()
        finally:
            cluster.stop()


@contextlib.contextmanager
def serving(store: Store, key: str) -> Iterator[Server]:
    """The server over a store, once each of its processes listens; ``key`` signs its sessions."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [str(ROOT / ".venv/bin/gisgrid"), "serve", "--port", str(port)],
        env={
            **os.environ,
            "GISGRID_WEB_DATABASE_URL": store.web_url,
            "GISGRID_SECRET_KEY": key,
            "GISGRID_WEB_WORKERS": "2",
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        # A process listens when it is ready; what the second one does until then is no answer's.
        for _ in range(900):
            if _listening(port) == 2:
                break
            time.sleep(0.2)
        else:
            sys.exit("the server does not answer")
        yield Server(process.pid, port)
    finally:
        process.terminate()
        process.wait(30)


def options(name: str, said: str | None, *, page: str | None = None) -> argparse.ArgumentParser:
    """The parser of a benchmark, with ``--first``, and ``--write`` where it has a page."""
    parser = argparse.ArgumentParser(prog=f"scripts/bench {name}", description=said)
    parser.add_argument(
        "--first",
        action="store_true",
        help="before other work of the machine (real-time priority; needs the right to it)",
    )
    if page is not None:
        parser.add_argument("--write", action="store_true", help=f"write {page}")
        parser.set_defaults(page=page)
    return parser


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """What was asked for; from here on ``--first`` holds, for all that is started too."""
    args = parser.parse_args()
    if args.first:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    return args


def write_report(args: argparse.Namespace, lines: Sequence[str]) -> None:
    """Print a report, and write it to its page where that was asked for."""
    said = "\n".join(lines) + "\n"
    print(said)
    if args.write:
        (ROOT / args.page).write_text(said, encoding="utf-8")


def machine() -> str:
    """Day, machine and load, and who went first."""
    first = os.sched_getscheduler(0) == os.SCHED_RR
    manner = (
        "server, store and client went before other work of the machine (`--first`)"
        if first
        else "other work shares the machine where that is far above 1"
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, load average {os.getloadavg()[0]:.1f}; {manner}."
    )


def _listening(port: int) -> int:
    """How many sockets listen on a port of this machine."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)
