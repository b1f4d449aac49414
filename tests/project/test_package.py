"""What is built can be installed and served where there is no clone."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_string
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from scripts.licences import PAGE, page
from tests.support.waiting import eventually

ROOT = Path(__file__).parents[2]
ROOMS = ("gisgrid", "layers", "web")
ALL_THE_TIME = 300
"""Seconds for what compiles its kernels first, on a machine however busy."""


def build(folder: Path, into: Path, *targets: str) -> None:
    words = [word for target in targets for word in ("-t", target)]
    command = [sys.executable, "-m", "hatchling", "build", *words, "-d", str(into)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder, "wheel", "sdist")
    return folder


def names(folder: Path) -> set[str]:
    """The files of the one wheel of a folder."""
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_rooms(built: Path):
    here = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".stamp"
    }
    town_f = {
        f"gisgrid/town_f/{path.relative_to(ROOT / 'data').as_posix()}"
        for path in (ROOT / "data").rglob("*")
        if path.is_file()
    }
    held = {name for name in names(built) if ".dist-info/" not in name}
    assert held == here | town_f | {"gisgrid/licences.md"}
    assert {"web/static/vendor/leaflet/leaflet.js", "gisgrid/py.typed"} <= held


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_clone(built: Path, tmp_path: Path):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    build(source, tmp_path, "wheel")
    assert names(tmp_path) == names(built)


def test_the_metadata_tell_what_an_index_would_ask(built: Path):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        told = message_from_string(archive.read(name).decode())
    assert told["Summary"]
    assert told["Requires-Python"] == ">=3.11"
    assert "Typing :: Typed" in told.get_all("Classifier", [])
    # The owner has not chosen a licence: none is claimed, and no index takes the package.
    assert told["License-Expression"] is None
    assert "Private :: Do Not Upload" in told.get_all("Classifier", [])


def test_nothing_is_built_without_the_scripts_of_the_pages(built: Path, tmp_path: Path):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    (source / "web/static/vendor/leaflet/leaflet.js").unlink()
    with pytest.raises(subprocess.CalledProcessError) as failed:
        build(source, tmp_path, "wheel")
    assert b"run scripts/assets first" in failed.value.stderr


def test_the_list_of_licences_is_that_of_the_lock_file():
    assert page() == PAGE.read_text("utf-8"), "run scripts/licences.py"
    assert "| not said |" not in page()


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment of its own, with a store of its own, away from the clone."""

    program: Path
    folder: Path
    port: int

    def env(self) -> dict[str, str]:
        """Nothing of the clone, and nothing that was set for other tests."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "GISGRID_HOME": str(self.folder / "home"),
            "GISGRID_PORT": str(self.port),
            "GISGRID_WEB_WORKERS": "1",
        }

    def run(self, line: str) -> str:
        done = subprocess.run(
            [str(self.program), *shlex.split(line)],
            cwd=self.folder, env=self.env(), check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stderr)
        return done.stdout

    @contextmanager
    def served(self) -> Iterator[None]:
        said = self.folder / "said"
        with said.open("w") as file:
            process = subprocess.Popen(
                [str(self.program), "serve"], cwd=self.folder, env=self.env(), stderr=file
            )
        try:

            def is_ready() -> bool:
                assert process.poll() is None, said.read_text()
                return "the service is ready" in said.read_text()

            assert eventually(is_ready, seconds=ALL_THE_TIME), said.read_text()
            yield
        finally:
            process.terminate()
            process.wait(60)

    def get(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace")
        connection.close()
        return answer.status, body


@pytest.fixture
def installed(built: Path) -> Iterator[Installed]:
    with away(built, dependencies_of_the_clone) as program:
        yield program


@pytest.fixture
def installed_anew(built: Path) -> Iterator[Installed]:
    """With nothing but what the lock file names, fetched for it."""
    with away(built, dependencies_of_the_lock_file) as program:
        yield program


@contextmanager
def away(built: Path, bring: Callable[[Path], None]) -> Iterator[Installed]:
    with tempfile.TemporaryDirectory(prefix="gg") as folder:
        # The store runs as another user when this runs as root.
        Path(folder).chmod(0o755)
        program = install(built, Path(folder), bring)
        try:
            yield program
        finally:
            with suppress(AssertionError):  # the store was never begun
                program.run("db stop")


def pip_into(python: Path, *words: str) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q"]
    subprocess.run([*pip, "--disable-pip-version-check", *words], check=True)


def dependencies_of_the_clone(env: Path) -> None:
    """The clone itself is not among them, as a .pth of theirs is not read."""
    (packages,) = (env / "lib").glob("*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")


def dependencies_of_the_lock_file(env: Path) -> None:
    pip_into(env / "bin/python", "--require-hashes", "-r", str(ROOT / "requirements.lock"))


def install(built: Path, folder: Path, bring: Callable[[Path], None]) -> Installed:
    env = folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(env)], check=True)
    python = str(env / "bin" / "python")
    (wheel,) = built.glob("*.whl")
    pip_into(env / "bin/python", "--no-index", "--no-deps", str(wheel))
    bring(env)
    (packages,) = (env / "lib").glob("*/site-packages")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    where = "import gisgrid, web; print(gisgrid.__version__, gisgrid.__file__, web.__file__)"
    told = subprocess.run(
        [python, "-c", where], cwd=folder, check=True, capture_output=True, text=True
    )
    assert told.stdout.split() == [
        "0.1.0", str(packages / "gisgrid/__init__.py"), str(packages / "web/__init__.py"),
    ]  # fmt: skip
    return Installed(env / "bin" / "gisgrid", folder, port)


def every_part(program: Installed, path: str) -> dict[str, int]:
    """The status of a page and of all that it names on this host, styles' pictures too."""
    found: dict[str, int] = {}
    waiting = [path]
    while waiting:
        address = waiting.pop()
        if address in found:
            continue
        status, body = program.get(address)
        found[address] = status
        is_page, is_style = address == path, ".css" in address
        named = (
            re.findall(r'<(?:script|link|img)\b[^>]*?(?:src|href)="([^"]+)"', body)
            if is_page
            else []
        )
        named += re.findall(r"url\([\"']?([^\"')]+)", body) if is_style else []
        named += re.findall(r'"(/static/[^"]+\.js[^"]*)"', body) if is_page else []
        named += (
            re.findall(r'^import [^"]*"([^"]+)";', body, re.MULTILINE) if ".js" in address else []
        )
        for name in named:
            target = urljoin(address, name.replace("&amp;", "&"))
            if not urlsplit(target).netloc and not target.startswith("data:"):
                waiting.append(target)
    return found


def look_at(program: Installed) -> None:
    with program.served():
        for path in ("/", "/map", "/lookup", "/report", "/account/login"):
            found = every_part(program, path)
            assert {address: status for address, status in found.items() if status != 200} == {}
            if path == "/map":
                assert [a for a in found if "vendor/leaflet/leaflet.js" in a]
                assert [a for a in found if a.endswith("/pure/vector-tile.js")], "by an import"
        assert program.get("/api/v1/locate?lon=120.8894&lat=40.7021&datum=wgs84")[0] == 200


def lend_kernels(program: Installed) -> None:
    """What the clone has compiled, taken for the same sources of the same time."""
    (packages,) = (program.folder / "env/lib").glob("*/site-packages")
    for folder in (ROOT / "gisgrid").rglob("kernels"):
        installed = packages / folder.relative_to(ROOT)
        for source in folder.glob("*.py"):
            shutil.copystat(source, installed / source.name)
        for compiled in folder.glob("__pycache__/*.nb[ic]"):
            shutil.copy2(compiled, installed / "__pycache__" / compiled.name)


@pytest.mark.thorough
def test_an_installed_wheel_serves_its_pages_with_all_their_parts(installed: Installed):
    """The borders of Town F only: the register and its own kernels take minutes (below)."""
    lend_kernels(installed)
    listed = [
        line[len("$ gisgrid ") :] for line in installed.run("demo").splitlines() if line[0] == "$"
    ]
    last = next(n for n, line in enumerate(listed) if line.startswith("plan publish"))
    for line in listed[: last + 1]:
        installed.run(line)
    look_at(installed)


@pytest.mark.long
def test_the_quick_start_of_the_readme(installed_anew: Installed):
    python = installed_anew.folder / "env/bin/python"
    told = subprocess.run(
        [str(python), "-c", "import flask, numba, sqlalchemy, sys; print(*sys.path)"],
        cwd=installed_anew.folder, env=installed_anew.env(), check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert str(ROOT) not in told.stdout, "nothing of the clone"
    assert "试规划" not in installed_anew.run("demo --commit"), (
        "told are log-in names and passwords"
    )
    assert "8003" in installed_anew.run("summary").replace(",", "")
    look_at(installed_anew)
