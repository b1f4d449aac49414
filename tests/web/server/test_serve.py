"""The production server: its processes share the questions, and nobody else shares its port."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from gisgrid.core.errors import Invalid
from gisgrid.core.settings import Settings
from gisgrid.db import migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.roles import WEB
from tests.support.waiting import eventually
from web.server.supervised import serve

soon = partial(eventually, seconds=300)
"""For what starts processes, on a machine however busy."""
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
    """All below the supervisor: the program and its forks."""
    found = below(server.pid)
    return found + [pid for child in found for pid in below(child)]


def below(pid: int) -> list[int]:
    with suppress(FileNotFoundError):
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def called(server: subprocess.Popen[bytes], name: str) -> list[int]:
    """Those that stand under a name in ``ps``, or one that begins so."""
    found = []
    for pid in processes(server):
        with suppress(FileNotFoundError):
            if Path(f"/proc/{pid}/comm").read_text().startswith(name):
                found.append(pid)
    return found


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
    each = [every.intersection(sockets(pid)) for pid in called(server, "gisgrid server")]
    return len(each) == 2 and all(each)


@pytest.mark.thorough
def test_connections_are_spread_over_the_processes(engine: Engine):
    port = free_port()
    with served(engine, port) as server:
        wait_for(server, port)
        assert eventually(lambda: all_listen(server, port))
        servers = called(server, "gisgrid server")
        before = [len(sockets(pid)) for pid in servers]
        assert len(before) == 2
        # The kernel throws a coin for each: 64 on one side would be no coin.
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(64)]

        def more() -> list[int]:
            return [len(sockets(pid)) - n for pid, n in zip(servers, before, strict=True)]

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


def test_a_worker_beside_another_store_needs_the_owner_s_way_in(engine: Engine):
    settings = Settings(
        web_database_url=engine.url.set(username=WEB).render_as_string(), port=free_port()
    )
    with pytest.raises(Invalid, match="set DATABASE_URL"):
        serve(settings, worker=True)


class Service:
    """``gisgrid serve`` over a private cluster, and what it said so far."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.said_in = folder / "said"
        self.before = 0
        self.home = folder / "home"
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        self.before = len(self.lines())
        with self.said_in.open("ab") as said:
            self.process = subprocess.Popen(
                [*COMMAND, "--port", str(self.port)],
                env={
                    **{k: v for k, v in os.environ.items() if not k.endswith("DATABASE_URL")},
                    "GISGRID_HOME": str(self.home),
                    "GISGRID_WEB_WORKERS": "2",
                    "LC_ALL": "C.UTF-8",
                },
                stderr=said,
            )
        return self.process

    def lines(self) -> list[str]:
        return self.said_in.read_text().splitlines() if self.said_in.exists() else []

    def ready(self, piece: str) -> int:
        """How often a piece was ready since this supervisor began."""
        return sum(
            f"gisgrid: {piece}" in line and ": ready" in line
            for line in self.lines()[self.before :]
        )

    def all_ready(self) -> bool:
        return any("the service is ready" in line for line in self.lines()[self.before :])

    def program(self) -> int:
        """The process that the servers and the worker are forked from."""
        return next(pid for pid in below(self.process.pid) if below(pid))


def answers(port: int) -> bool:
    with suppress(OSError, http.client.HTTPException):
        return health(port) == 200
    return False


@pytest.fixture
def service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="gg") as name:
        folder = Path(name)
        # The database server runs as another user when the tests run as root.
        folder.chmod(0o755)
        cluster = Cluster.at(folder / "home")
        cluster.start()
        engine = create_engine(cluster.url())
        migrate.upgrade(engine)
        engine.dispose()
        service = Service(folder, free_port())
        try:
            yield service
        finally:
            service.process.terminate()
            service.process.wait(120)
            cluster.stop()


def test_whatever_is_killed_comes_back_and_a_new_supervisor_finds_nobody_in_its_way(
    service: Service,
):
    assert soon(service.all_ready)
    # A line a piece, in its own words: what it is made of has nothing to say.
    assert not [line for line in service.lines() if "procrastinate" in line]
    cluster = Cluster.at(service.home)
    # A server process, the worker, the program that both are forked from, a connection of the store, its
    # first process.
    for piece in ("server", "worker"):
        once = service.ready(piece)
        os.kill(called(service.process, f"gisgrid {piece}")[0], signal.SIGKILL)
        assert soon(lambda piece=piece, once=once: service.ready(piece) == once + 1)
        assert answers(service.port)
    program, forks = service.program(), below(service.program())
    os.kill(program, signal.SIGKILL)
    assert soon(lambda: service.ready("program") == 2 and service.ready("worker") == 3)
    assert soon(lambda: answers(service.port))
    assert not any(Path(f"/proc/{pid}").exists() for pid in forks), "they end with it"
    backend = backends(cluster)[0]
    os.kill(backend, signal.SIGKILL)
    assert soon(lambda: answers(service.port) and backend not in backends(cluster))
    first = cluster.postmaster()
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert soon(lambda: service.ready("store") == 2)
    assert soon(lambda: answers(service.port))
    assert cluster.postmaster() not in (None, first)
    # The supervisor itself: its pieces go with it, and the port is free.
    left = processes(service.process)
    service.process.kill()
    service.process.wait()
    assert soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))
    service.start()
    assert soon(service.all_ready)
    assert answers(service.port)
    service.process.terminate()
    assert service.process.wait(120) == 0
    # What ran before it began runs on.
    assert cluster.postmaster() is not None


def backends(cluster: Cluster) -> list[int]:
    """Processes of the store that serve a connection of the service."""
    engine = create_engine(cluster.url())
    try:
        with engine.connect() as connection:
            return list(
                connection.scalars(
                    text(
                        "SELECT pid FROM pg_stat_activity "
                        "WHERE usename = 'gisgrid_web' AND pid <> pg_backend_pid() ORDER BY pid"
                    )
                )
            )
    except OperationalError:
        return []
    finally:
        engine.dispose()


def test_the_store_that_the_service_started_stops_with_it(service: Service):
    cluster = Cluster.at(service.home)
    service.process.kill()
    service.process.wait()
    cluster.stop()
    service.start()
    assert soon(service.all_ready)
    assert cluster.postmaster() is not None
    service.process.terminate()
    assert service.process.wait(120) == 0
    assert cluster.postmaster() is None
    assert service.lines()[-1].endswith("stopped")


def test_a_number_that_another_process_has_by_now_is_no_store(tmp_path: Path):
    cluster = Cluster.at(tmp_path)
    cluster.data.mkdir()
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert cluster.postmaster() is None
    assert not cluster.status().running


def test_only_processes_of_the_store_are_ended_with_it(tmp_path: Path):
    cluster = Cluster.at(tmp_path)
    cluster.data.mkdir()
    with subprocess.Popen(["sleep", "600"], cwd=cluster.data) as visitor:
        cluster.end_all()
        assert visitor.poll() is None
        visitor.kill()
