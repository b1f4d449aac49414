"""Where compiled kernels are kept: once a machine, whoever starts, and never those of other sources."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path

import gisgrid

PLACE = "NUMBA_CACHE_DIR"
"""numba's own name for it; whoever sets it decides."""


def settle(folder: Path) -> None:
    """Say where the kernels of a package are kept, before numba is imported.

    Beside their sources where that can be written, as numba does by itself; those older than any source are
    removed, since numba keeps a compiled kernel until its own file changes, although kernels of other files
    are compiled into it. An installation that only its owner may write to has them in the user's cache, or in
    GISGRID_HOME, in a folder named after the content of the sources.

    Parameters
    ----------
    folder
        Of the package.
    """
    if os.environ.get(PLACE):
        return
    sources = sorted(folder.glob("*.py"))
    if _can_be_written(folder / "__pycache__"):
        newest = max(source.stat().st_mtime for source in sources)
        for compiled in folder.glob("__pycache__/*.nbi"):
            with contextlib.suppress(OSError):  # another process was faster
                if compiled.stat().st_mtime < newest:
                    compiled.unlink()
        return
    # All kernels of the program: what is said here holds for those of the other packages, too.
    every = sorted({*sources, *Path(gisgrid.__file__).parent.rglob("kernels/*.py")})
    content = hashlib.sha256(b"".join(source.read_bytes() for source in every)).hexdigest()
    kept = [place / f"kernels-{content[:12]}" for place in _places()]
    # Never in a folder that others may write to: what is kept there is run. The last way is for this process alone.
    os.environ[PLACE] = str(
        next(filter(_can_be_written, kept), None) or tempfile.mkdtemp(prefix="gisgrid-kernels-")
    )
    if "numba" in sys.modules:
        sys.modules["numba"].config.reload_config()


def _places() -> list[Path]:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    home = os.environ.get("GISGRID_HOME")
    return [Path(cache) / "gisgrid", *([Path(home)] if home else [])]


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
