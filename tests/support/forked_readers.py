"""Files of the web read by a child that is forked from one that has imported what a reader needs.

The same child under the same limits, but for the second in which Python starts and imports; how it is
started for a stranger's file is held by ``test_files_of_the_web``.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

from gisgrid.files import apart_child, reading_apart

PRELOADED = (
    "gisgrid.files.sniff",
    "gisgrid.files.read",
    "gisgrid.files.filling",
    "pandas.core.api",
)


STARTED = reading_apart._run
"""What is started for a stranger's file, and not forked."""


def run(verb: str, folder: Path, order: dict[str, Any]) -> int | str:
    """As ``reading_apart._run``."""
    (folder / apart_child.ANSWER).unlink(missing_ok=True)
    processes = multiprocessing.get_context("forkserver")
    limits = {
        "cpu_s": reading_apart.CPU_S,
        "memory_mb": reading_apart.MEMORY_MB,
        "file_mb": reading_apart.FILE_MB,
    }
    child = processes.Process(target=_read, args=(verb, folder, {**order, "limits": limits}))
    child.start()
    try:
        child.join(reading_apart.WALL_S)
        ended = child.exitcode
        return "time" if ended in (None, -signal.SIGXCPU) else ended
    finally:
        if child.exitcode is None:
            child.kill()
            child.join()
        child.close()


def _read(verb: str, folder: Path, order: dict[str, Any]) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(reading_apart._environment(folder))
    sys.argv = ["apart_child", verb]
    sys.stdin = io.StringIO(json.dumps(order))
    sys.stderr = (folder / "stderr.txt").open("w", encoding="utf-8")
    warnings.simplefilter("ignore")
    apart_child.main()
