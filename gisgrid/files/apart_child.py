"""The process that reads one file of the web: ``python -m gisgrid.files.apart_child VERB``.

It takes its order as JSON from the standard input, limits itself before it looks at anything, and writes
what it found as JSON into its folder. It has no way into the store.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

ANSWER = "answer.json"
ROWS = "rows.jsonl"
AT_ONCE = 20_000
"""Rows of one line of ``ROWS``."""


def limit(cpu_s: int, memory_mb: int, file_mb: int) -> None:
    """Hold this process to so much, for good."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_mb << 20, file_mb << 20))
    os.nice(5)


def read(order: dict[str, Any]) -> dict[str, Any]:
    """What the file says of itself; its rows go into ``ROWS``."""
    import shapely  # noqa: PLC0415 - after the limits

    from gisgrid.files import sniff  # noqa: PLC0415
    from gisgrid.files.read import GEOMETRY, Table, open_table  # noqa: PLC0415

    path = Path(order["path"])
    sniff.refuse_disguised(path)
    table = open_table(
        path, layer=order["layer"], encoding=order["encoding"], sheet=order["sheet"],
        most=order["most"], shape=order["shape"], most_cells=order["most_cells"], header=order["header"],
    )  # fmt: skip
    with Path(ROWS).open("w", encoding="ascii") as out:
        for chunk in table.chunks(AT_ONCE):
            columns: dict[str, Any] = {}
            for name in chunk.columns:
                cells = chunk[name].to_numpy()
                columns[name] = (
                    shapely.to_wkb(cells, hex=True) if name == GEOMETRY else cells
                ).tolist()
            json.dump({"rows": chunk.index.tolist(), "columns": columns}, out)
            out.write("\n")
    return {
        f.name: getattr(table, f.name) for f in fields(Table) if f.name not in ("path", "source")
    }


def fill(order: dict[str, Any]) -> dict[str, Any]:
    """The workbook with the columns of ``order`` beside its own; see ``filling.fill_workbook``."""
    from gisgrid.files.filling import HeadedSheet, fill_workbook  # noqa: PLC0415

    fill_workbook(Path(order["path"]), HeadedSheet(**order["page"]), order["heads"], order["rows"])
    return {}


VERBS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"read": read, "fill": fill}


def main() -> None:
    order = json.load(sys.stdin)
    limit(**order["limits"])
    from gisgrid.core.errors import GisgridError  # noqa: PLC0415
    from gisgrid.core.messages import packed_facts  # noqa: PLC0415

    try:
        answer: dict[str, object] = {"done": VERBS[sys.argv[1]](order)}
    except GisgridError as error:
        answer = {
            "refused": [
                type(error).__name__,
                error.template,
                error.hint,
                packed_facts(error.facts),
            ],
        }
    except MemoryError:
        answer = {"over": "memory"}
    Path(ANSWER).write_text(json.dumps(answer), encoding="ascii")


if __name__ == "__main__":
    main()
