"""Read a file of the web in a process of its own, which may be stopped, fall over, or be cheated.

What a stranger sent is parsed by a child that knows no secret and no store, with limits of time, CPU
and memory, and that hands back plain JSON: whatever the bytes do to it, nothing of it reaches the server
but rows of text and geometries.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from gisgrid.core import errors
from gisgrid.core.errors import GisgridError, Invalid, TooBusy
from gisgrid.core.heavy import pandas as pd
from gisgrid.core.messages import unpacked_facts
from gisgrid.files.apart_child import ANSWER, ROWS
from gisgrid.files.archive_limits import MAX_UNPACKED
from gisgrid.files.filling import HeadedSheet, Value
from gisgrid.files.frames import GEOMETRY
from gisgrid.files.read import Table
from gisgrid.files.vectors import Shape

WALL_S = 60
CPU_S = 40
MEMORY_MB = 3072
"""Addresses, of which GDAL and numpy reserve many and use few."""
FILE_MB = 1024
AT_ONCE = 2
"""Children of one server process."""
WAIT_S = 20
"""Seconds that a request waits for its turn."""
_ANSWER_MB = 16

_log = logging.getLogger(__name__)
_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class HandedSource:
    """Rows that a child has read, as it wrote them down."""

    path: Path

    def chunks(self, rows: int) -> Iterator[pd.DataFrame]:
        """At most ``rows`` at a time, in the child's portions."""
        with self.path.open(encoding="ascii") as file:
            for line in file:
                part = json.loads(line)
                columns = {}
                for name, values in part["columns"].items():
                    cells = np.empty(len(values), dtype=object)
                    cells[:] = values
                    columns[name] = shapely.from_wkb(cells) if name == GEOMETRY else cells
                frame = pd.DataFrame(columns, index=pd.Index(part["rows"]), dtype=object)
                for start in range(0, len(frame), rows):
                    yield frame.iloc[start : start + rows]


def open_apart(
    path: Path,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    most: int = MAX_UNPACKED,
    shape: Shape | None = None,
    most_cells: int | None = None,
    header: str | None = None,
) -> Table:
    """As ``open_table``, with all rows read; they are kept beside the file and live as long as it.

    ``path`` lies in a folder of its own, and its name is ours: it stands in messages.

    Raises
    ------
    NotFound, Invalid
        As ``open_table``; and where the file is not what its ending says, holds more than plain tables,
        or takes too long or too much memory.
    TooBusy
        Too many files are being read just now.
    """
    order = {
        "path": str(path), "layer": layer, "encoding": encoding, "sheet": sheet, "most": most, "shape": shape,
        "most_cells": most_cells, "header": header,
    }  # fmt: skip
    facts = _child("read", path, order)
    for name in ("columns", "uncomputed", "bounds"):
        facts[name] = facts[name] if facts[name] is None else tuple(facts[name])
    return Table(path=path, source=HandedSource(path.parent / ROWS), **facts)


def fill_apart(
    path: Path,
    page: HeadedSheet,
    heads: Sequence[tuple[str, str]],
    rows: Iterable[tuple[int, Sequence[Value]]],
) -> None:
    """As ``filling.fill_workbook``; raises like ``open_apart``."""
    order = {
        "path": str(path), "page": asdict(page), "heads": list(heads), "rows": list(rows),
    }  # fmt: skip
    _child("fill", path, order)


def _child(verb: str, path: Path, order: dict[str, Any]) -> dict[str, Any]:
    """Run the child on a file and give what it found."""
    if not _places.acquire(timeout=WAIT_S):
        raise TooBusy("Other files are being read just now; send yours again in a minute.")
    try:
        ended = _run(verb, path.parent, order)
    finally:
        _places.release()
    answer = _answer(path.parent) if ended == 0 else {}
    if "done" in answer:
        found: dict[str, Any] = answer["done"]
        return found
    if "refused" in answer:
        name, template, hint, facts = answer["refused"]
        kind = getattr(errors, name, Invalid)
        raise kind(template, hint=hint, **unpacked_facts(facts))
    raise _stopped(path, "memory" if "over" in answer else ended)


def _run(verb: str, folder: Path, order: dict[str, Any]) -> int | str:
    """How the child ended: 0, another status, or a word for what stopped it."""
    limits = {"cpu_s": CPU_S, "memory_mb": MEMORY_MB, "file_mb": FILE_MB}
    (folder / ANSWER).unlink(missing_ok=True)
    with (folder / "stderr.txt").open("wb") as complaints:
        child = subprocess.Popen(
            # Isolated: neither the folder of a stranger's file nor the environment names modules.
            [sys.executable, "-I", "-W", "ignore", "-m", "gisgrid.files.apart_child", verb],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
        try:
            child.communicate(json.dumps({**order, "limits": limits}).encode(), timeout=WALL_S)
        except subprocess.TimeoutExpired:
            return "time"
        finally:
            # Also where this thread is stopped: no child outlives its request.
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    if child.returncode == -signal.SIGXCPU:
        return "time"
    return child.returncode


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the server's: addresses of the store and keys stand in its environment."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {
        "PATH": os.defpath, "LANG": "C.UTF-8", "HOME": str(folder), "TMPDIR": str(folder),
        "OGR_SQLITE_PRAGMA": "trusted_schema=0", **one,
    }  # fmt: skip


def _answer(folder: Path) -> dict[str, Any]:
    file = folder / ANSWER
    if not file.is_file() or file.stat().st_size > _ANSWER_MB << 20:
        return {}
    try:
        found = json.loads(file.read_bytes())
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _stopped(path: Path, how: int | str) -> GisgridError:
    if how == "time":
        return Invalid(
            "Reading {file} takes too long; it is not taken. Save it again, or send less at once.",
            file=path.name,
        )
    if how == "memory":
        return Invalid(
            "Reading {file} takes too much memory; it is not taken. Send less at once.",
            file=path.name,
        )
    # The kind of the failure alone: its words may quote the file.
    _log.warning(
        "reading an uploaded %s ended with %s: %s", path.suffix, how, _kind_of(path.parent)
    )
    return Invalid(
        "{file} cannot be read: it is damaged, or not what its name says. Save it again.",
        file=path.name,
    )


def _kind_of(folder: Path) -> str:
    lines = (folder / "stderr.txt").read_text("utf-8", "replace").strip().splitlines()
    return lines[-1].partition(":")[0][:80] if lines else ""
