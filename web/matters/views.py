"""``/matters``: the list as a printed rule book, two versions beside each other, and the burden of each community."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

from flask import Blueprint, Response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.cases import board, figures, matters, refused_requests
from gisgrid.cases.flow import flows_by_id
from gisgrid.cases.matters import MatterEntry
from gisgrid.core.errors import NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.files.exports import Sheet
from web.cases.rows import as_json, cases_sheet
from web.http import lists
from web.http.dates import days_asked, local, on_the_clock
from web.http.db import reading
from web.http.language import LANGUAGES, language
from web.http.permissions import asked_as_workbook
from web.http.towns import town, town_name
from web.matters.messages import field_words, kind_words, said

blueprint = Blueprint("matters", __name__, url_prefix="/matters")

MOST_ROWS = 500


@dataclass(frozen=True)
class ListVersion:
    """A version of the list with its first day and the first day it is no longer in force."""

    name: str
    since: date | None
    until: date | None


@blueprint.get("")
def book() -> str | Response:
    """The rules of every minor item of a version; without ``?version=`` of the newest list."""
    with reading() as session:
        place = town(session)
        known = _versions(session, place)
        entries = matters.rule_book(session, place.id, request.args.get("version") or None)
    if asked_as_workbook():
        return lists.workbook(place, matters.book_sheet(entries))
    name = request.args.get("version") or known[-1].name
    return render_template(
        "matters.html",
        version=next(v for v in known if v.name == name),
        majors=[(m, list(of)) for m, of in groupby(_by_major(entries), key=lambda e: e.major)],
        entries=entries,
        unfinished=matters.unfinished(entries),
        **_words(place, known),
    )


@blueprint.get("/compare")
def compare() -> str:
    """What the version ``?after=`` changed against ``?before=``; without them the newest two."""
    with reading() as session:
        place = town(session)
        known = _versions(session, place)
        names = [v.name for v in known]
        after = request.args.get("after") or names[-1]
        before = request.args.get("before") or names[max(0, len(names) - 2)]
        old = matters.rule_book(session, place.id, before)
        new = matters.rule_book(session, place.id, after)
    changes = matters.compare(old, new)
    return render_template(
        "matters-compare.html",
        before=before,
        after=after,
        changes=[(change, list(of)) for change, of in groupby(changes, key=lambda c: c.code)],
        old={e.code: e for e in old},
        new={e.code: e for e in new},
        **_words(place, known),
    )


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
            "matters.rows", kind=kind, community=row.code, since=since, until=until,
            township=place.code,
        ),
        **_words(place, []),
    )  # fmt: skip


@blueprint.get("/burden/rows")
def rows() -> Response:
    """The cases, or the refusals, behind one number of the burden."""
    now, kind = datetime.now(UTC), request.args.get("kind", "")
    community = request.args.get("community", "")
    with reading() as session:
        place = town(session)
        since, until = days_asked(place)
        ids, refused = refused_requests.behind(
            session, place.id, since, until, community=community, kind=kind
        )
        found = board.rows_of(session, ids[: lists.most(MOST_ROWS)])
        flows = flows_by_id(session, (row.flow_id for row in found))
    if asked_as_workbook():
        if kind == "refused":
            return lists.workbook(place, _refused_sheet(refused, place.time_zone))
        return lists.workbook(place, cases_sheet(found, flows, place))
    html = render_template(
        "refused.html" if kind == "refused" else "figures-rows.html",
        total=len(ids) or len(refused),
        rows=[as_json(row, flows[row.flow_id], now) for row in found] or refused[:MOST_ROWS],
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
            (gettext("Name"), [row.name for row in refused]),
            (gettext("Text"), [row.text for row in refused]),
            (
                gettext("Asked by"),
                [resident if row.asked_by == "resident" else row.asked_by for row in refused],
            ),
            (gettext("Reason"), [row.why for row in refused]),
        ],
    )


def _versions(session: Session, place: TownshipInfo) -> list[ListVersion]:
    known = [ListVersion(*row) for row in matters.versions(session, place.id)]
    if not known:
        raise NotFound("No list of matters has been loaded.")
    return known


def _by_major(entries: list[MatterEntry]) -> list[MatterEntry]:
    """Groups in the order of their first item; a temporary item's code may stand elsewhere."""
    order = list(dict.fromkeys(e.major for e in entries))
    return sorted(entries, key=lambda e: order.index(e.major))


def _words(place: TownshipInfo, known: list[ListVersion]) -> dict[str, object]:
    english = language() == "en"
    return {
        "place": place,
        "town": town_name(place),
        "versions": known,
        "fields": field_words(),
        "said": said,
        "english": english,
        "languages": LANGUAGES,
    }
