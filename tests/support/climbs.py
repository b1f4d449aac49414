"""Calls that go from a lower room of the house to a higher one, while something is done."""

from __future__ import annotations

import opcode
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
_RESUME = opcode.opmap["RESUME"]


def ranks() -> dict[str, int]:
    """Rooms and how high they stand, as the import contracts have them; the lowest is 0."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = {
        each["name"]: each.get("layers", [])
        for each in contracts["tool"]["importlinter"]["contracts"]
    }
    order = ["web", "layers", *layers["rooms of gisgrid, arrows down"]]
    return {room: len(order) - n for n, room in enumerate(order)}


def climbs(work: Callable[[], object]) -> dict[str, set[str]]:
    """What is called from a lower room while ``work`` runs, and by whom; what a library calls back, too.

    In the thread at hand. A generator that goes on is no call.
    """
    known = ranks()
    found: dict[str, set[str]] = {}
    rooms: dict[str, str | None] = {}

    def room_of(frame: FrameType) -> str | None:
        file = frame.f_code.co_filename
        if file not in rooms:
            rooms[file] = None
            if file.startswith(str(ROOT)) and ".venv" not in file:
                parts = Path(file).relative_to(ROOT).with_suffix("").parts
                rooms[file] = next(
                    (each for each in (".".join(parts[:2]), parts[0]) if each in known), None
                )
        return rooms[file]

    def heard(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or (here := room_of(frame)) is None or not _begins(frame):
            return
        above = frame.f_back
        while above is not None and room_of(above) is None:
            above = above.f_back
        if above is not None and known[here] > known[str(room_of(above))]:
            found.setdefault(_name(frame), set()).add(_name(above))

    sys.setprofile(heard)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def _begins(frame: FrameType) -> bool:
    """Whether the frame is at its beginning, and no generator that goes on."""
    code, at = frame.f_code.co_code, frame.f_lasti
    return at < 0 or code[at] != _RESUME or code[at + 1] == 0


def _name(frame: FrameType) -> str:
    file = Path(frame.f_code.co_filename).relative_to(ROOT)
    return f"{file.with_suffix('')}.{frame.f_code.co_qualname}"
