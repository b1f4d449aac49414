"""The rows of a list of cases, with their state in words: as JSON with a colour, or as a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from flask_babel import gettext

from gisgrid.cases.board import Row
from gisgrid.cases.flow import Flow
from gisgrid.core.plans import TownshipInfo
from gisgrid.files.exports import Sheet
from web.cases.messages import reason_words
from web.http.dates import on_the_clock
from web.http.language import language, worded
from web.http.lists import sheet


def as_json(row: Row, flow: Flow, now: datetime) -> dict[str, Any]:
    """A row with its state in words and how it stands in time."""
    english = language() == "en"
    state = flow.states[row.state]
    return {
        **asdict(row),
        "matter": (english and row.matter_en) or row.matter,
        "community": (english and row.community_en) or row.community,
        "state": worded(state),
        "returned": row.returned and reason_words(row.returned),
        "phase": state.phase,
        "emergency": flow.kind == "emergency",
        "colour": colour(row, now),
    }


def cases_sheet(rows: Sequence[Row], flows: dict[int, Flow], *towns: TownshipInfo) -> Sheet:
    """A list of cases as a sheet of a workbook, moments on the clock of each one's township."""
    english = language() == "en"
    zones = {place.id: place.time_zone for place in towns}
    states = [flows[row.flow_id].states[row.state] for row in rows]

    def clock(name: str) -> list[datetime | None]:
        return [on_the_clock(getattr(row, name), zones[row.township_id]) for row in rows]

    return sheet(
        gettext("Cases"),
        [
            (gettext("Case"), [row.case_id for row in rows]),
            (gettext("Code"), [row.code for row in rows]),
            (gettext("Matter"), [(english and row.matter_en) or row.matter for row in rows]),
            (gettext("State"), [worded(state) for state in states]),
            (gettext("Reported"), clock("reported_at")),
            (gettext("Due"), clock("due_at")),
            (gettext("Closed"), clock("closed_at")),
            (gettext("Source"), [row.source for row in rows]),
            (
                gettext("Community"),
                [(english and row.community_en) or row.community for row in rows],
            ),
            (gettext("Grid"), [row.grid for row in rows]),
            (gettext("Grid code"), [row.grid_code for row in rows]),
            (gettext("Responsible office"), [row.office for row in rows]),
        ],
    )


def colour(row: Row, now: datetime) -> str:
    """Of the deadline: red, yellow, green, ``paused`` without one, ``done``."""
    if not row.open:
        return "done"
    if row.due_at is None:
        return "paused"
    if row.due_at < now:
        return "red"
    return "yellow" if row.yellow_at is not None and row.yellow_at <= now else "green"
