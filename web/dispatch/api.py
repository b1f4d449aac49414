"""The board as JSON: counts, rows late ones first, symbols; the API's ``/cases``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from gisgrid.cases.board import Filters, Row, board
from gisgrid.cases.flow import Flow, flows_by_id
from web.api.views import get
from web.dispatch import schemas
from web.http.db import reading
from web.http.language import language
from web.http.towns import town


@get("/cases", schemas.BoardAnswer, schemas.BoardQuery)
def cases(*, limit: int, square: float | None = None, **asked: Any) -> dict[str, object]:
    """The cases of a township that the asker may see: counts, the first rows, symbols for a map.

    Rows: open ones by due time, then those without a running deadline, then closed ones, the last
    reported first. No word of whoever reported is in them.
    """
    now = datetime.now(UTC)
    with reading() as session:
        place = town(session)
        found = board(session, place.id, filters_of(asked), now, limit=limit, square=square)
        flows = flows_by_id(session, (row.flow_id for row in found.rows))
    return {
        "township": place,
        "plan": found.plan_id,
        **{k: getattr(found, k) for k in ("total", "open", "late", "soon", "unlocated", "symbols")},
        "rows": [told(row, flows[row.flow_id], now) for row in found.rows],
    }


def filters_of(asked: dict[str, Any]) -> Filters:
    """The filters out of checked parameters."""
    box, ids = asked.get("box"), asked.get("ids")
    return Filters(
        state=asked.get("state") or "open",
        due=asked.get("due") or None,
        matter=asked.get("matter") or None,
        grid=asked.get("grid") or None,
        community=asked.get("community") or None,
        source=asked.get("source") or None,
        words=asked.get("q") or None,
        since=asked.get("since"),
        until=asked.get("until"),
        box=(box[0], box[1], box[2], box[3]) if box else None,
        ids=None if ids is None else tuple(ids),
    )


def told(row: Row, flow: Flow, now: datetime) -> dict[str, Any]:
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
