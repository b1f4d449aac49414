"""``/matters``: the list as a printed rule book and two versions beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.cases import matters
from gisgrid.cases.community_rules import CommunityRule, of_book
from gisgrid.cases.duty_matrix import duty_parts, duty_sheets
from gisgrid.cases.matter_drafts import draft_of
from gisgrid.cases.matters import MatterEntry
from gisgrid.core.areas import CommunityInfo, communities_of
from gisgrid.core.errors import NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.scope import scope
from gisgrid.db.tables.cases import LEVELS
from gisgrid.files.exports import Sheet
from gisgrid.planning.snapshot.fetch import today
from web.cases.messages import level_words
from web.http import lists
from web.http.db import reading
from web.http.language import LANGUAGES, language
from web.http.permissions import asked_as_workbook, asker
from web.http.towns import town, town_name
from web.matters.messages import duty_words, field_words, said

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
    """The rules of every minor item of a version, with what communities add; usually of the list in force."""
    with reading() as session:
        place = town(session)
        known = _versions(session, place)
        now = today(place)
        name = request.args.get("version") or matters.version_on(session, place.id, now)
        entries = matters.rule_book(session, place.id, name)
        homes = communities_of(session, place.id)
        home = _home(session, homes)
        version = next(v for v in known if v.name == name)
        day = min(max(now, version.since or now), (version.until or date.max) - timedelta(days=1))
        added = of_book(session, place.id, day, home)
    if asked_as_workbook():
        return lists.workbook(place, matters.book_sheet(entries), _added_sheet(added))
    return render_template(
        "matters.html",
        version=version,
        next=next((v for v in known if v.since and v.since > now), None),
        now=now,
        day=day,
        homes=homes,
        home=home,
        added=added,
        majors=[(m, list(of)) for m, of in groupby(_by_major(entries), key=lambda e: e.major)],
        entries=entries,
        unfinished=matters.unfinished(entries),
        **_words(place, known),
    )


@blueprint.get("/duties")
def duties() -> str | Response:
    """Who decides, who acts and who is told of each minor item of a version, level by level."""
    with reading() as session:
        place = town(session)
        known = _versions(session, place)
        name = request.args.get("version") or matters.version_on(session, place.id, today(place))
        entries = matters.rule_book(session, place.id, name)
    if asked_as_workbook():
        return lists.workbook(place, *duty_sheets(entries))
    return render_template(
        "matter-duties.html",
        version=next(v for v in known if v.name == name),
        majors=[(m, list(of)) for m, of in groupby(_by_major(entries), key=lambda e: e.major)],
        entries=entries,
        undecided=[e.code for e in entries if e.decider is None],
        letters=duty_words(),
        levels=[(level, level_words()[level]) for level in LEVELS[::-1]],
        parts=duty_parts,
        **_words(place, known),
    )


@blueprint.get("/compare")
def compare() -> str:
    """What the version ``?after=`` changed against ``?before=``; without them the newest two."""
    with reading() as session:
        place = town(session)
        known = _versions(session, place)
        draft = draft_of(session, place.id) if "keep_matters" in asker().rights else None
        if draft is not None:
            known.append(ListVersion(draft.version, None, None))
        names = [v.name for v in known]
        after = request.args.get("after") or names[-1]
        before = request.args.get("before") or names[max(0, len(names) - 2)]
        old = matters.rule_book(session, place.id, before, drafts=draft is not None)
        new = matters.rule_book(session, place.id, after, drafts=draft is not None)
    changes = matters.compare(old, new)
    return render_template(
        "matters-compare.html",
        draft=draft.version if draft else None,
        before=before,
        after=after,
        changes=[(change, list(of)) for change, of in groupby(changes, key=lambda c: c.code)],
        old={e.code: e for e in old},
        new={e.code: e for e in new},
        **_words(place, known),
    )


def _home(session: Session, homes: list[CommunityInfo]) -> str | None:
    """Code of the community whose rules are asked for; where none is named, the asker's own if it is one."""
    asked = request.args.get("community")
    if asked is not None:
        return asked or None
    own = scope(session, "supplement_matters").communities & {home.id for home in homes}
    return next((h.code for h in homes if h.id in own), None) if len(own) == 1 else None


def _added_sheet(added: dict[str, list[CommunityRule]]) -> Sheet:
    rows = [each for code in sorted(added) for each in added[code]]
    return lists.sheet(
        gettext("Rules of communities"),
        [
            (gettext("Code"), [row.code for row in rows]),
            (gettext("Community"), [row.community for row in rows]),
            (gettext("Rule"), [row.text for row in rows]),
            (gettext("First day"), [row.since for row in rows]),
            (gettext("Last day"), [row.until for row in rows]),
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
