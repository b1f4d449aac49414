"""Arithmetic on arrays, compiled with numba: the inside of the locator.

``exact`` holds the last word on one polygon and one point; ``edges``, ``raster``, ``records``,
``cells`` and ``grid`` build the index; ``lookup`` answers from it; ``near`` measures distances.
"""

from __future__ import annotations

import contextlib
from pathlib import Path


def _forget_older_code() -> None:
    """Remove compiled kernels older than any source file here.

    numba keeps a compiled kernel until its own file changes, although the kernels of other files
    are compiled into it: after a change in one file the others would go on with the old one.
    """
    folder = Path(__file__).parent
    newest = max(source.stat().st_mtime for source in folder.glob("*.py"))
    for compiled in folder.glob("__pycache__/*.nbi"):
        with contextlib.suppress(OSError):  # another process was faster, or may write and we not
            if compiled.stat().st_mtime < newest:
                compiled.unlink()


_forget_older_code()
