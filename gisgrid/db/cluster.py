"""The private PostGIS cluster: a server of our own behind a unix socket, with no port.

Used when no ``DATABASE_URL`` is given. It lives in ``<home>/pg15`` (the number is the server's major
version), listens on no network address, and is not disturbed by any other cluster of the machine.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gisgrid.core.errors import StoreUnavailable

SUPERUSER = "gisgrid_owner"
DATABASE = "gisgrid"
MAX_SOCKET_PATH = 107  # bytes, sun_path of Linux
_ROLE = "postgres"  # whom root becomes: initdb and postgres refuse to run as root


@dataclass(frozen=True)
class Status:
    """What ``gisgrid db status`` tells."""

    exists: bool
    running: bool
    data: Path
    socket: Path
    version: str


@dataclass(frozen=True)
class Cluster:
    """A cluster in ``home``; ``config`` overrides lines of postgresql.conf."""

    home: Path
    bindir: Path
    config: Mapping[str, str]

    @classmethod
    def at(cls, home: Path, **config: str) -> Cluster:
        """The cluster of a folder, which need not exist yet.

        Raises
        ------
        StoreUnavailable
            No PostgreSQL server with PostGIS is installed.
        """
        return cls(home=home.absolute(), bindir=server_bindir(), config=config)

    @property
    def major(self) -> str:
        match = re.search(r"/(\d+)/bin$", str(self.bindir))
        return match.group(1) if match else "x"

    @property
    def data(self) -> Path:
        return self.home / f"pg{self.major}"

    @property
    def socket_dir(self) -> Path:
        """Folder of the socket; a short one below the temporary folder where the home is too deep."""
        own = self.home / "run"
        if len(os.fsencode(own / ".s.PGSQL.5432.lock")) <= MAX_SOCKET_PATH:
            return own
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"gisgrid-{name}"

    def url(self, database: str = DATABASE, user: str = SUPERUSER) -> str:
        return f"postgresql+psycopg://{user}@/{database}?host={self.socket_dir}"

    def start(self) -> None:
        """Make the cluster if it is not there, start it if it is not running; safe to call twice.

        Raises
        ------
        StoreUnavailable
            The server did not start; the message ends with the last lines of its log.
        """
        self._own_folder(self.home)
        with self._lock():
            self._own_folder(self.socket_dir)
            if not (self.data / "PG_VERSION").exists():
                self._initdb()
            if self._running():
                return
            self.end_all()
            self._write_config()
            log = self.home / "server.log"
            done = self._run(
                "pg_ctl", "-D", str(self.data), "-l", str(log), "-w", "-t", "60", "start"
            )
            if done.returncode != 0:
                tail = log.read_text(errors="replace")[-600:] if log.exists() else done.stderr
                raise StoreUnavailable(
                    "The embedded store in {home} did not start: {tail}",
                    home=self.home,
                    tail=tail.strip(),
                )
            self._create_database()

    def stop(self) -> bool:
        """Stop the server; True if it was running."""
        if not self.data.exists() or not self._running():
            return False
        self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop", check=True)
        return True

    def status(self) -> Status:
        exists = (self.data / "PG_VERSION").exists()
        return Status(
            exists=exists,
            running=exists and self._running(),
            data=self.data,
            socket=self.socket_dir,
            version=self.major,
        )

    def postmaster(self) -> int | None:
        """Process id of the server's first process; None while none is there.

        The number in its file may be another process's by now, so that is looked at: a server's
        processes stand in its folder.
        """
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.data / "postmaster.pid").read_text().partition("\n")[0])
            if self._stands_here(pid):
                return pid
        return None

    def end_all(self) -> None:
        """Kill every process of the server; for one whose first process is gone, or does not stop.

        What it leaves behind works on for nobody, and keeps a new one from beginning.
        """
        while left := [pid for pid in _processes() if self._stands_here(pid)]:
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _running(self) -> bool:
        return self.postmaster() is not None

    def _stands_here(self, pid: int) -> bool:
        """Whether a process is one of this server's and has not ended."""
        process, program = Path(f"/proc/{pid}"), str((self.bindir / "postgres").resolve())
        try:
            # The program's name goes on if it was replaced meanwhile.
            return (process / "cwd").readlink() == self.data.resolve() and str(
                (process / "exe").readlink()
            ).startswith(program)
        except OSError:
            return False

    def _initdb(self) -> None:
        # Into a side folder first: a kill half-way leaves no half-made cluster behind.
        side = self.data.with_suffix(".new")
        if side.exists():
            self._run_plain(["rm", "-rf", str(side)])
        self._run(
            "initdb",
            "-D",
            str(side),
            "-U",
            SUPERUSER,
            "--auth=trust",  # the socket's folder, closed to others, is the guard
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-instructions",
            check=True,
        )
        side.rename(self.data)

    def _write_config(self) -> None:
        lines = {
            "listen_addresses": "''",
            "unix_socket_directories": f"'{self.socket_dir}'",
            "unix_socket_permissions": "0700",
            "max_connections": "60",
            "shared_buffers": "256MB",
            "work_mem": "32MB",
            "maintenance_work_mem": "256MB",
            "max_wal_size": "4GB",
            "random_page_cost": "1.1",
            "jit": "off",  # compiling costs more than our short queries take
            "timezone": "'UTC'",
            **self.config,
        }
        text = "".join(f"{name} = {value}\n" for name, value in lines.items())
        included = "include_if_exists = 'gisgrid.conf'\n"
        main = self.data / "postgresql.conf"
        if included not in main.read_text():
            with main.open("a") as f:
                f.write(included)
        (self.data / "gisgrid.conf").write_text(text)
        _give(self.data / "gisgrid.conf")

    def _create_database(self) -> None:
        listed = self._psql("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'")  # noqa: S608
        if listed.strip() != "1":
            self._psql("postgres", f"CREATE DATABASE {DATABASE} TEMPLATE template0")

    def _psql(self, database: str, sql: str) -> str:
        return self._run(
            "psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-h", str(self.socket_dir),
            "-U", SUPERUSER, "-d", database, "-c", sql, check=True,
        ).stdout  # fmt: skip

    def _run(
        self, program: str, *args: str, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        return self._run_plain([str(self.bindir / program), *args], check=check)

    def _run_plain(
        self, command: list[str], *, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        who: dict[str, object] = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam(_ROLE)
            who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        # Output goes to a file, not a pipe: the server inherits it and would hold a pipe open.
        with tempfile.TemporaryFile("w+") as out:
            done = subprocess.run(
                command,
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
                **who,  # type: ignore[call-overload]
            )
            out.seek(0)
            text = out.read()
        if check and done.returncode != 0:
            name = Path(command[0]).name
            raise StoreUnavailable(
                "{name} failed in {home}: {shown}",
                name=name,
                home=self.home,
                shown=text.strip()[-600:],
            )
        return subprocess.CompletedProcess(command, done.returncode, text, text)

    def _own_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _give(folder)
            folder.chmod(0o700)
        except OSError as exc:
            raise StoreUnavailable(
                "The folder {folder} of the embedded store cannot be made or owned ({strerror}); set "
                "GISGRID_HOME to a folder of yours.",
                folder=folder,
                strerror=exc.strerror,
            ) from exc

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One starter at a time, so that two commands at once make one cluster."""
        with (self.home / "lock").open("w") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            yield


def server_bindir() -> Path:
    """Folder of the newest installed PostgreSQL server that has PostGIS."""
    found = []
    for initdb in Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        major = initdb.parent.parent.name
        control = Path(f"/usr/share/postgresql/{major}/extension/postgis.control")
        if control.exists() and major.isdigit():
            found.append((int(major), initdb.parent))
    if not found:
        raise StoreUnavailable(
            "No PostgreSQL server with PostGIS is installed. On Debian: apt-get install postgresql-15-postgis-3; or set DATABASE_URL to a PostGIS server."
        )
    return max(found)[1]


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _give(path: Path) -> None:
    """Hand a file or folder to the user the server runs as."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam(_ROLE)
        os.chown(path, owner.pw_uid, owner.pw_gid)
