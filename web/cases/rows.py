"""A row of a list of cases as JSON, with its state in words and its colour."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from gisgrid.cases.board import Row
from gisgrid.cases.flow import Flow
from web.http.language import language


def as_json(row: Row, flow: Flow, now: datetime) -> dict[str, Any]:
    """A row with its state in words and how it stands in time."""
    english = language() == "en"
    state = flow.states[row.state]
    return {
        **asdict(row),
        "matter": (english and row.matter_en) or row.matter,
        "state": state.en if english else state.zh,
        "phase": state.phase,
        "emergency": flow.kind == "emergency",
        "colour": colour(row, now),
    }


def colour(row: Row, now: datetime) -> str:
    """Of the deadline: red, yellow, green, ``paused`` without one, ``done``."""
    if not row.open:
        return "done"
    if row.due_at is None:
        return "paused"
    if row.due_at < now:
        return "red"
    return "yellow" if row.yellow_at is not None and row.yellow_at <= now else "green"
