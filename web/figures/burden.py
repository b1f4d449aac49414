"""``/figures/burden``: what was asked of each community's grids and what was refused, with the rows behind."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Response, render_template, request, url_for
from flask_babel import gettext

from gisgrid.cases import board, figures, refused_requests
from gisgrid.cases.flow import flows_by_id
from gisgrid.files.exports import Sheet
from web.cases.rows import as_json, cases_sheet
from web.figures.messages import kind_words
from web.figures.views import MOST_ROWS, SORTS, blueprint, sort_words
from web.http import lists
from web.http.dates import days_asked, local, on_the_clock
from web.http.db import reading
from web.http.language import said_again
from web.http.permissions import asked_as_workbook
from web.http.towns import town, town_name

REFUSED_SORTS = ("at", "matter", "asked_by")


@blueprint.get("/burden")
def burden() -> str | Response:
    """What was asked of each community's grids in a span of days, and what was refused."""
    with reading() as session:
        place = town(session)
        since, until = days_asked(place, figures.last_report_on(session, place))
        rows = refused_requests.burdens(session, place.id, since, until)
    if asked_as_workbook():
        return lists.workbook(place, _burden_sheet(rows))
    return render_template(
        "burden.html",
        rows=rows,
        sums={kind: sum(getattr(row, kind) for row in rows) for kind in refused_requests.KINDS},
        kinds=kind_words(),
        since=since,
        until=until,
        behind=lambda row, kind: url_for(
            "figures.burden_rows", kind=kind, community=row.code, since=since, until=until,
            township=place.code,
        ),
        place=place,
        town=town_name(place),
    )  # fmt: skip


@blueprint.get("/burden/rows")
def burden_rows() -> Response:
    """The cases, or the refusals, behind one number of the burden."""
    now, kind = datetime.now(UTC), request.args.get("kind", "")
    community, turn = request.args.get("community", ""), lists.turn(MOST_ROWS)
    listing = lists.listing(REFUSED_SORTS if kind == "refused" else SORTS)
    with reading() as session:
        place = town(session)
        since, until = days_asked(place)
        ids, refused = refused_requests.behind(
            session, place.id, since, until, community=community, kind=kind, listing=listing
        )
        ids = board.among(session, ids, listing) if ids else ids
        found = board.rows_of(session, turn.of(ids))
        flows = flows_by_id(session, (row.flow_id for row in found))
    if asked_as_workbook():
        if kind == "refused":
            return lists.workbook(place, _refused_sheet(refused, place.time_zone))
        return lists.workbook(place, cases_sheet(found, flows, place))
    html = render_template(
        "burden-refused.html" if kind == "refused" else "figures-rows.html",
        total=len(ids) or len(refused),
        turn=turn,
        listing=listing,
        sorts=sort_words(),
        read=max(len(turn.of(ids)), len(refused[turn.skip : turn.skip + turn.most])),
        rows=[as_json(row, flows[row.flow_id], now) for row in found[:MOST_ROWS]]
        or refused[turn.skip : turn.skip + MOST_ROWS],
        measure=kind_words()[kind],
        key=community,
        local=lambda at: local(at, place.time_zone),
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


def _burden_sheet(rows: list[refused_requests.Burden]) -> Sheet:
    kinds = kind_words().items()
    return lists.sheet(
        gettext("Community burden"),
        [
            (gettext("Code"), [row.code or None for row in rows]),
            (gettext("Community"), [row.name or gettext("names no community") for row in rows]),
            *((word, [getattr(row, kind) for row in rows]) for kind, word in kinds),
        ],
    )


def _refused_sheet(refused: list[refused_requests.RefusedRequest], time_zone: str) -> Sheet:
    resident = gettext("a resident")
    return lists.sheet(
        kind_words()["refused"],
        [
            (gettext("Asked at"), [on_the_clock(row.at, time_zone) for row in refused]),
            (gettext("Matter"), [row.matter for row in refused]),
            (gettext("Name of the matter"), [row.name for row in refused]),
            (gettext("Text"), [row.text for row in refused]),
            (
                gettext("Asked by"),
                [resident if row.asked_by == "resident" else row.asked_by for row in refused],
            ),
            (gettext("Reason"), [said_again(row.why) for row in refused]),
        ],
    )
