"""``/matters/versions``: versions of the list of matters, its draft, publication, and temporary items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.cases import matter_drafts as drafts
from gisgrid.cases import matter_versions, matters, temporary_items
from gisgrid.cases.matter_items import DraftItem, limit_of
from gisgrid.cases.matter_log import log_of
from gisgrid.cases.matters import MatterEntry
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.messages import say
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.scope import refuse_strangers, scope
from gisgrid.planning.snapshot.fetch import today
from web.cases.messages import level_words
from web.http.dates import day_of, local
from web.http.keeping import keeping, page, refusing
from web.http.language import language
from web.http.towns import town
from web.matters.messages import field_words, said, unit_words

blueprint = Blueprint("matter_lists", __name__, url_prefix="/matters/versions")
_listed_again = refusing(lambda session, error: _listed(session, error), reads=True)

WHAT_WORDS = {
    "begun": say("draft begun"),
    "published": say("published"),
    "taken_back": say("publication taken back"),
    "added": say("added"),
    "withdrawn": say("withdrawn"),
    "until": say("last day"),
    "why_ended": say("why it ended"),
    "parent": say("Group"),
    "code": say("Code"),
}
"""What was done to a list; the fields of an item have their own words."""


@dataclass(frozen=True)
class VersionLine:
    """A published version with what it holds."""

    name: str
    since: date | None
    until: date | None
    """First day no longer in force."""
    majors: int
    minors: int
    stands: str
    """``now``, ``later`` or ``past``."""


@blueprint.get("")
def index() -> Response:
    """The versions, the draft, and the temporary items of today and to come."""
    with keeping(read_only=True) as session:
        return _listed(session)


@blueprint.post("")
@_listed_again
def begin() -> BaseResponse:
    """Begin a draft of the version in force."""
    with keeping() as session:
        place = kept(session)
        matter_versions.begin(session, place.id, request.form.get("version", ""))
    flash(gettext("The draft is made. Nothing of it counts before it is published."), "info")
    return redirect(url_for("matter_lists.draft", township=place.code), 303)


@blueprint.get("/draft")
def draft() -> Response:
    """The draft: its items beside the version in force, what it would change, its log."""
    with keeping(read_only=True) as session:
        return _drafted(session)


@blueprint.post("/draft/publish")
@refusing(lambda session, error: _drafted(session, error), reads=True)
def publish() -> BaseResponse:
    """Put the draft in force from a day on."""
    with keeping() as session:
        place = kept(session)
        since = day_of(request.form.get("since"), "since")
        if since is None:
            raise Invalid("Say from which day on the list is in force.")
        version = matter_versions.publish(session, place.id, since)
    flash(
        gettext("Version %(version)s is in force from %(day)s on.", version=version, day=since),
        "info",
    )
    return redirect(url_for("matter_lists.index", township=place.code), 303)


@blueprint.post("/draft/discard")
@_listed_again
def discard() -> BaseResponse:
    """Throw the draft away."""
    with keeping() as session:
        place = kept(session)
        version = matter_versions.discard(session, place.id)
    flash(gettext("The draft %(version)s is gone.", version=version), "info")
    return redirect(url_for("matter_lists.index", township=place.code), 303)


@blueprint.post("/take-back")
@_listed_again
def take_back() -> BaseResponse:
    """Make a version a draft again that has not begun."""
    with keeping() as session:
        place = kept(session)
        matter_versions.take_back(session, place.id, request.form.get("version", ""))
    flash(gettext("It is a draft again; the version before goes on."), "info")
    return redirect(url_for("matter_lists.draft", township=place.code), 303)


@blueprint.post("/temporary")
@_listed_again
def temporary() -> BaseResponse:
    """Put an urgent item beside the list for days, with somebody's consent."""
    form = request.form
    with keeping() as session:
        place = kept(session)
        since, until = day_of(form.get("since"), "since"), day_of(form.get("until"), "until")
        if since is None or until is None or not form.get("code", "").strip():
            raise Invalid("A temporary item needs a code, its first and its last day.")
        limit = limit_of(form.get("limit", ""), form.get("unit", ""))
        amount, _, unit = (limit or "").partition(" ")
        rule = {
            "office": form.get("office", "").strip() or None, "decider": form.get("decider") or None,
            "acts": form.get("acts") or None, "time_limit": float(amount) if amount else None,
            "limit_unit": unit or None, "filing_rule": form.get("filing_rule", "").strip() or None,
            "closing_rule": form.get("closing_rule", "").strip() or None,
        }  # fmt: skip
        matters.add_temporary(
            session, place.id, parent=form.get("parent", ""), code=form["code"].strip(),
            name=form.get("name", ""), consent=form.get("consent", ""), since=since, until=until, rule=rule,
        )  # fmt: skip
    flash(gettext("The temporary item stands beside the list until %(day)s.", day=until), "info")
    return redirect(url_for("matter_lists.index", township=place.code), 303)


@blueprint.post("/temporary/end")
@_listed_again
def end_temporary() -> BaseResponse:
    """End a temporary item before its day, with a reason."""
    form = request.form
    with keeping() as session:
        place = kept(session)
        begun = temporary_items.end_temporary(
            session, place.id, form.get("ends", ""), last=day_of(form.get("last"), "last"), why=form.get("why", ""),
        )  # fmt: skip
    flash(
        gettext("Its end is noted. What was reported under it stays under it.")
        if begun
        else gettext("It is off the list before it began."),
        "info",
    )
    return redirect(url_for("matter_lists.index", township=place.code), 303)


def kept(session: Session) -> TownshipInfo:
    """The township that is asked about, whose list the asker keeps.

    Raises
    ------
    NotAllowed
        It is somebody else's.
    """
    place = town(session)
    refuse_strangers(session, place, "keep_matters")
    return place


def keeps(session: Session, place: TownshipInfo) -> bool:
    """Whether the asker keeps the list of a township."""
    return place.id in scope(session, "keep_matters").townships


def item_words() -> dict[str, Any]:
    """What pages of the list's items say of fields, levels and units."""
    return {
        "fields": field_words(),
        "levels": level_words(),
        "rule_said": said,
        "english": language() == "en",
        "units": [(unit, unit_words(unit)) for unit in WORKING_UNITS],
    }


WORKING_UNITS = ("working_minutes", "working_hours", "working_days")


def log_words(what: str) -> str:
    """What was done to a list, in words."""
    return field_words().get(what) or str(gettext(WHAT_WORDS.get(what, what)))


def _listed(session: Session, error: GisgridError | None = None) -> Response:
    place = town(session)
    now, keeper = today(place), keeps(session, place)
    books = {v: matters.rule_book(session, place.id, v) for v, _, _ in matters.versions(session, place.id)}  # fmt: skip
    lines = [
        VersionLine(
            v, since, until, len({e.major for e in books[v]}), len(books[v]),
            "later" if since and since > now else "past" if until and until <= now else "now",
        )
        for v, since, until in matters.versions(session, place.id)
    ]  # fmt: skip
    ours = [line.name for line in lines if line.stands == "now"]
    there = drafts.draft_of(session, place.id)
    return page(
        "matter-lists.html", error=error, typed=request.form.to_dict(), town=place, versions=lines[::-1], now=now,
        keeper=keeper, draft=there, current=ours[0] if ours else None,
        temporary=_temporary(books, ours), ends=temporary_items.ends_of(session, place.id) if keeper else {},
        yesterday=now - timedelta(days=1), local=lambda moment: local(moment, place.time_zone), majors=_majors(session, place, ours), **item_words(),
    )  # fmt: skip


def _temporary(books: dict[str, list[MatterEntry]], current: list[str]) -> list[MatterEntry]:
    return [e for v in current for e in books[v] if e.consent]


def _majors(session: Session, place: TownshipInfo, current: list[str]) -> list[tuple[str, str]]:
    """Groups of the list in force, as code and name."""
    if not current:
        return []
    found = matters.groups(session, place.id, current[0])
    english = language() == "en"
    return [(m.code, f"{m.code} {(english and m.name_en) or m.name}") for m in found]


def _drafted(session: Session, error: GisgridError | None = None) -> Response:
    place = kept(session)
    there = drafts.the_draft(session, place.id, hold=False)
    items = drafts.items_of(session, there.id)
    base = matters.version_on(session, place.id, today(place))
    old = [] if base is None else matters.rule_book(session, place.id, base)
    new = matters.book_of(session, there.id)
    changed: dict[str, list[str]] = {}
    for change in matters.compare(old, new):
        changed.setdefault(change.code, []).append(change.what)
    groups = [item for item in items if item.parent is None]
    return page(
        "matter-draft.html", error=error, town=place, draft=there, base=base, changed=changed, new={e.code: e for e in new},
        groups=[(group, [i for i in items if _top(i, items) == group.code]) for group in groups],
        gone=[e for e in old if e.code not in {i.code for i in items} and not (e.until and e.until < today(place))],
        foreseen=drafts.foresee(session, place.id), first_day=matter_versions.first_day(session, place.id),
        since=request.form.get("since", ""), unfinished=matters.unfinished(new), log=log_of(session, there.id),
        log_words=log_words, log_value=_log_value, local=lambda moment: local(moment, place.time_zone), **item_words(),
    )  # fmt: skip


def _log_value(what: str, value: str | None) -> str:
    """A value of the log as pages say it."""
    if value is None:
        return "—"
    if what in ("decider", "acts", "time_limit"):
        return said(what, value)
    if what == "informs":
        return said(what, tuple(value.split("; ")))
    if what == "limits":
        pairs = (part.partition(" ") for part in value.split("; "))
        return said(what, {name: limit for name, _, limit in pairs})
    return str(gettext("yes")) if what == "asks_photo" else value


def _top(item: DraftItem, items: list[DraftItem]) -> str | None:
    """Code of the group at the top that an item lies in; of a group, None."""
    above = {each.code: each.parent for each in items if each.parent}
    top = item.parent
    while top in above:
        top = above[top]
    return top
