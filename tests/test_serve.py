"""The production server: its processes share the questions, and nobody else shares its port."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gisgrid.db.roles import WEB
from gisgrid.errors import Invalid
from gisgrid.settings import Settings
from tests.support.waiting import eventually
from web import serve as serving
from web.serve import serve

COMMAND = [sys.executable, "-c", "from gisgrid.cli.main import main; main()", "serve"]


@contextmanager
def served(engine: Engine, port: int) -> Iterator[subprocess.Popen[bytes]]:
    url = engine.url.render_as_string(hide_password=False)
    process = subprocess.Popen(
        [*COMMAND, "--port", str(port)],
        env={
            **os.environ,
            "DATABASE_URL": url,
            "GISGRID_WEB_DATABASE_URL": engine.url.set(username=WEB).render_as_string(),
            "GISGRID_SECRET_KEY": "x" * 48,
            "GISGRID_WEB_WORKERS": "2",
        },
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def health(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/api/v1/health")
        return connection.getresponse().status
    finally:
        connection.close()


def wait_for(server: subprocess.Popen[bytes], port: int) -> None:
    """Until the server answers; after a change of the kernels it compiles them first."""

    def answers() -> bool:
        assert server.poll() is None
        with suppress(OSError):
            return health(port) == 200
        return False

    assert eventually(answers, seconds=300)


def processes(server: subprocess.Popen[bytes]) -> list[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text()
    return [int(pid) for pid in children.split()]


def sockets(pid: int) -> list[str]:
    """Names of the sockets that a process has open."""
    found = []
    for file in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(str(file.readlink()))
    return [name for name in found if name.startswith("socket:")]


def listeners(port: int) -> set[str]:
    """Names of the listening sockets of a port, as a process's open files tell them."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    here = f":{port:04X}"
    return {f"socket:[{row[9]}]" for row in rows if row[1].endswith(here) and row[3] == "0A"}


def all_listen(server: subprocess.Popen[bytes], port: int) -> bool:
    """Whether both processes are ready; each listens when it is, not before."""
    every = listeners(port)
    each = [every.intersection(sockets(pid)) for pid in processes(server)]
    return len(each) == 2 and all(each)


def test_connections_are_spread_over_the_processes(engine: Engine):
    port = free_port()
    with served(engine, port) as server:
        wait_for(server, port)
        assert eventually(lambda: all_listen(server, port))
        before = [len(sockets(pid)) for pid in processes(server)]
        assert len(before) == 2
        # The kernel throws a coin for each: 64 on one side would be no coin.
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(64)]

        def more() -> list[int]:
            return [len(sockets(pid)) - n for pid, n in zip(processes(server), before, strict=True)]

        assert eventually(lambda: sum(more()) >= 64), "both take what comes"
        taken = more()
        for connection in held:
            connection.close()
        assert min(taken) > 10
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def test_a_taken_port_is_told(engine: Engine):
    url = engine.url.render_as_string(hide_password=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Invalid, match=f"Port {port} of 127.0.0.1 cannot be taken"):
            serve(Settings(database_url=url, port=port))


def test_a_worker_that_dies_is_started_anew_and_none_is_left_behind(monkeypatch):
    monkeypatch.setattr(serving, "WORKER", ("/bin/sleep", "600"))
    monkeypatch.setattr(serving, "WATCH_S", 0.05)
    monkeypatch.setattr(serving, "WORKER_PAUSE_S", 0.2)

    def workers() -> list[int]:
        return [pid for pid in children() if "sleep" in Path(f"/proc/{pid}/comm").read_text()]

    def children() -> list[int]:
        return [
            int(pid)
            for task in Path(f"/proc/{os.getpid()}/task").iterdir()
            for pid in (task / "children").read_text().split()
        ]

    with serving._worker(Settings()):
        assert eventually(lambda: len(workers()) == 1)
        (first,) = workers()
        os.kill(first, signal.SIGKILL)
        assert eventually(lambda: workers() not in ([], [first]))
        (second,) = workers()
        assert second != first
    assert workers() == []
