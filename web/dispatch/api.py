"""The board as JSON: counts, rows late ones first, symbols; the API's ``/cases``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from gisgrid.cases import board
from gisgrid.cases.board_filters import Filters
from gisgrid.cases.case_view import staff_names
from gisgrid.cases.flow import flows_by_id
from web.api.views import get
from web.cases.rows import as_json
from web.dispatch import schemas
from web.http.db import reading
from web.http.language import language
from web.http.towns import town


@get("/cases", schemas.BoardAnswer, schemas.BoardQuery)
def cases(*, limit: int, square: float | None = None, **asked: Any) -> dict[str, object]:
    """The cases of a township that the asker may see: counts, the first rows, symbols for a map.

    Rows: open emergencies, then the other open ones, each by due time and then those without a running
    deadline; then closed ones, the last reported first. In another order open emergencies stand first, too. No word of whoever reported is in them.
    """
    now = datetime.now(UTC)
    with reading() as session:
        place = town(session)
        filters = filters_of(session, asked)
        found = board.board(
            session,
            place.id,
            filters,
            now,
            limit=limit,
            square=square,
            order=order_of(asked),
        )
        flows = flows_by_id(session, (row.flow_id for row in found.rows))
        names = staff_names(session, [row.staff_id for row in found.rows if row.staff_id])
    return {
        "township": place,
        "plan": found.plan_id,
        **{
            k: getattr(found, k)
            for k in ("total", "open", "late", "soon", "urgent", "unlocated", "symbols")
        },
        "rows": [
            {**as_json(row, flows[row.flow_id], now), "person": names.get(row.staff_id or 0)}
            for row in found.rows
        ],
    }


@get("/cases/tabs", schemas.BoardTabsAnswer, schemas.BoardQuery)
def case_tabs(**asked: Any) -> dict[str, object]:
    """How many open cases wait for what, under the filters but those that a tab sets: state, due, no grid, mine."""
    with reading() as session:
        place = town(session)
        filters = filters_of(session, asked)
        return {
            "township": place,
            "tabs": board.tabs(session, place.id, filters, datetime.now(UTC)),
        }


def order_of(asked: dict[str, Any]) -> board.RowOrder | None:
    """The order out of checked parameters; None: the most urgent first."""
    if not asked.get("sort"):
        return None
    return board.RowOrder(asked["sort"], bool(asked.get("down")), english=language() == "en")


def filters_of(session: Session, asked: dict[str, Any]) -> Filters:
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
        events=tuple(board.events_of_mine(session)) if asked.get("mine") else None,
    )
