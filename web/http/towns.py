"""Which township does a request speak of? One rule, for every page, API, stream and offline copy.

1. the one that the address or the form names (``township=CODE``);
2. the one that was chosen: kept in the account of whoever has posts in several, else by the browser;
3. the one of the asker's posts of today, where they are in one;
4. where a place is asked about, the one whose ground it is;
5. the only one of the store.

Else nobody guesses: a page asks, an API says which there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core import plans
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.messages import Both
from gisgrid.core.plans import TownshipInfo
from gisgrid.people.posts import OwnTowns, choose_town, own_towns
from gisgrid.planning.overview.ground import township_at
from web.http import errors, permissions
from web.http.db import reading, writing
from web.http.language import language

COOKIE = "township"
"""What people without an account chose; it tells nothing but a code that everybody may know."""
A_YEAR_S = 365 * 86400

OF_A_TOWN = frozenset(
    {
        "editor.index", "register.grid", "register.ask_house", "register.add_house", "register.handover", "dispatch.emergency", "dispatch.show",
        "dispatch.stream", "documents.all_documents", "documents.file", "documents.has_read",
        "documents.one", "shortage.show", "due.unverified", "documents.readers",
        "trainings.hours", "due.to_visit", "township.show", "calendar.show", "weights.show", "channels.show", "teams.index", "teams.one", "documents.all_drafts", "documents.draft", "documents.draft_file", "documents.comment", "issuing.index", "issuing.one", "issuing.draft", "issuing.draft_file", "issuing.issue", "issuing.send_draft", "issuing.answer", "issuing.issue_draft", "jobs.index", "collecting.mine", "collections.index", "collections.add", "completeness.grid", "completeness.show", "completeness.without", "means.index", "means.one", "means.add", "means.change", "means.end", "trainings.index", "trainings.one", "trainings.add", "trainings.attend", "trainings.profiles", "trainings.profile", "trainings.note", "jobs.stop", "jobs.again", "corrections.index", "corrections.decide", "corrections.open_values", "retention.index", "retention.one", "retention.try_out", "retention.run", "subjects.index", "subjects.ask", "subjects.decide", "subjects.take", "subjects.answered", "figures.rows", "figures.show", "figures.register", "figures.explain_sleep", "open_problems.add", "open_problems.look",
        "open_problems.one", "open_problems.show", "lookup.index", "lookup.show", "maps.show", "matters.book",
        "matter_items.duties", "matter_items.show", "matter_lists.draft", "matter_lists.index", "matters.duties", "supplements.index",
        "figures.burden", "matters.compare", "figures.burden_rows", "report.near", "report.send",
        "phone.data", "register.changes", "aliases.index", "aliases.keep", "aliases.end", "report.show", "paper.show", "grid_page.show", "shell.find", "telephone.new", "telephone.send", "register.grids", "today.show",
    }
)  # fmt: skip
"""Ways to which the links of a page name its township."""

blueprint = Blueprint("towns", __name__)


class TownNotSaid(Invalid):
    """The store has several townships, and nothing says which is meant."""

    @property
    def townships(self) -> list[str]:
        """Codes of those that may be meant."""
        found = self.facts["townships"]
        return found if isinstance(found, list) else []


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.register_error_handler(TownNotSaid, _ask_or_tell)
    app.jinja_env.globals.update(town_name=town_name, several_towns=several_towns, url_for=link_for)


def town(
    session: Session, *, named: str | None = None, at: tuple[float, float] | None = None
) -> TownshipInfo:
    """The township that the request speaks of.

    Parameters
    ----------
    named
        A code that stands elsewhere than in ``township=``.
    at
        Longitude and latitude (EPSG:4326) of the place that is asked about.

    Raises
    ------
    NotFound
        There is no township of the code that is named, or none at all.
    TownNotSaid
        Several may be meant; ``facts`` name them.
    """
    code = named or request.values.get("township") or None
    known = _known(session)
    if code is not None or len(known) < 2:
        g.town = plans.township(session, code)
        return cast(TownshipInfo, g.town)
    mine = _mine(session)
    candidates = [place for place in known if place.id in mine.posts] or known
    if mine.posts:
        meant = [place for place in candidates if place.id == mine.chosen]
    else:
        meant = [place for place in known if place.code == request.cookies.get(COOKIE)]
    if not meant and len(candidates) == 1:
        meant = candidates
    if not meant and at is not None and (there := township_at(session, *at)) is not None:
        meant = [there]
    if not meant:
        raise _not_said(candidates)
    g.town = meant[0]
    return meant[0]


def own_town(session: Session) -> TownshipInfo | None:
    """The township that the asker works in or chose; None where that is not known."""
    try:
        return town(session)
    except (TownNotSaid, NotFound):
        return None


def town_of(session: Session, township_id: int) -> TownshipInfo:
    """The township of what the address names by its number: a plan, a case."""
    found = next((place for place in _known(session) if place.id == township_id), None)
    if found is None:
        raise NotFound("There is no township {township_id}.", township_id=township_id)
    g.town = found
    return found


def name_towns(known: Sequence[TownshipInfo], here: TownshipInfo) -> None:
    """Say which townships there are and which the request speaks of, where both are known otherwise."""
    g.towns, g.town = tuple(known), here


def town_name(place: TownshipInfo) -> str:
    """What a township is called in the asker's language; of several of one name, with its code."""
    name = (language() == "en" and place.name_en) or place.name
    known = g.get("towns", ())
    if sum((each.name, each.name_en) == (place.name, place.name_en) for each in known) < 2:
        return name
    return f"{name} ({place.code})" if language() == "en" else f"{name}（{place.code}）"


def link_for(endpoint: str, **values: Any) -> str:
    """`flask.url_for` for templates: a link goes on in the township that the page is of."""
    if endpoint in OF_A_TOWN and several_towns() and (place := g.get("town")) is not None:
        values.setdefault("township", place.code)
    return url_for(endpoint, **values)


def several_towns() -> bool:
    """Whether the store that the request read has several townships."""
    return len(g.get("towns", ())) > 1


def same_names() -> bool:
    """Whether two of them have one name, so that only their codes tell them apart."""
    known = g.get("towns", ())
    return len({place.name for place in known}) < len(known)


@blueprint.get("/town")
def choose() -> Response:
    """The townships that may be meant, to choose one; ``next`` is where to go then."""
    with reading() as session:
        known = _known(session)
        mine = _mine(session)
    html = render_template(
        "towns.html",
        towns=[place for place in known if place.id in mine.posts] or known,
        chosen=mine.chosen if mine.posts else None,
        next=_local(request.args.get("next")),
        styles=("css/lookup.css",),
    )
    return Response(html, headers={"Cache-Control": "private, no-store"})


@blueprint.post("/town")
def chosen() -> BaseResponse:
    """Keep the choice: in the account of whoever has a post there, else by the browser."""
    with writing() as session:
        place = plans.township(session, request.form.get("township") or "")
        account = permissions.asker().account_id
        kept = account is not None and choose_town(session, account, place.id)
    answer = redirect(_local(request.form.get("next")), 303)
    if not kept:
        answer.set_cookie(COOKIE, place.code, max_age=A_YEAR_S, samesite="Lax", httponly=True)
    return answer


def _ask_or_tell(error: TownNotSaid) -> BaseResponse:
    """A page that a person opens leads to the chooser; all else is told what is missing."""
    page = "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/api")
    if page and request.method == "GET":
        return redirect(url_for("towns.choose", next=request.full_path.rstrip("?")), 303)
    return errors.answer(error)


def _mine(session: Session) -> OwnTowns:
    """Where the asker has posts; public ways ask who it is only here."""
    account = permissions.known_asker().account_id
    return OwnTowns((), None) if account is None else own_towns(session, account)


def _known(session: Session) -> list[TownshipInfo]:
    known = plans.townships(session)
    g.towns = tuple(known)
    return known


def _local(path: str | None) -> str:
    """A path of this very server, without a township of its own; any other is the start."""
    parts = urlsplit(path or "")
    strange = parts.scheme or parts.netloc or "\\" in parts.path or parts.path.startswith("//")
    if strange or not parts.path.startswith("/"):
        return url_for("today.show")
    rest = "&".join(p for p in parts.query.split("&") if p and not p.startswith("township="))
    return parts.path + (f"?{rest}" if rest else "")


def _not_said(candidates: Sequence[TownshipInfo]) -> TownNotSaid:
    return TownNotSaid(
        "Several townships may be meant; name one with township=: {listed}.",
        listed=[
            Both(f"{place.code} ({place.name_en or place.name})", f"{place.code}（{place.name}）")
            for place in candidates
        ],
        townships=[place.code for place in candidates],
    )
