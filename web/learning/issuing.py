"""``/office/documents``: what is issued to read, in which version, for whom by when; drafts and what is said to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.areas import communities_of
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.plans import TownshipInfo
from gisgrid.db.tables.people import ROLES
from gisgrid.people.learning import documents, drafts
from gisgrid.people.learning.media import MOST_BYTES
from gisgrid.planning.snapshot.fetch import today
from web.http import lists
from web.http.dates import day_of, local
from web.http.keeping import keeping, page
from web.http.language import language
from web.http.permissions import asked_as_workbook, asker, may_ask
from web.http.towns import town
from web.learning import sheets
from web.learning.documents import attached
from web.shell.words import TEAM_WORDS

blueprint = Blueprint("issuing", __name__, url_prefix="/office")


@dataclass(frozen=True)
class Sent:
    """A file that came with a form, and whom it asks."""

    name: str
    content: bytes
    roles: list[str]
    communities: list[str]
    due_on: date | None


@blueprint.get("/documents")
def index() -> Response:
    """What is issued, with how many have read it, and the drafts."""
    with keeping(read_only=True) as session:
        return _listed(session)


@blueprint.post("/documents")
def issue() -> BaseResponse:
    """Issue a file as a new document, or as the newest version of one that there is."""
    form = request.form
    code = form.get("code", "").strip()
    try:
        with keeping() as session:
            place = town(session)
            sent = _sent()
            made = documents.issue(
                session, place.id, code, file_name=sent.name, content=sent.content, day=today(place),
                who=asker().name, title=form.get("title"), roles=sent.roles, communities=sent.communities,
                due_on=sent.due_on,
            )  # fmt: skip
    except GisgridError as error:
        with keeping(read_only=True) as session:
            if form.get("again"):
                return _document(session, code, error)
            return _listed(session, error)
    flash(
        gettext("Version %(n)s is issued; whoever is asked finds it on their page.", n=made.number)
        if made.new
        else gettext("This very file is the newest version already; whom it asks is changed."),
        "info",
    )
    return redirect(url_for("issuing.one", code=code, township=place.code), 303)


@blueprint.get("/documents/<path:code>")
def one(code: str) -> Response:
    """A document with its versions, and the form of the next."""
    with keeping(read_only=True) as session:
        return _document(session, code)


@blueprint.post("/drafts")
def send_draft() -> BaseResponse:
    """Send a draft to communities for their comments."""
    form = request.form
    try:
        with keeping() as session:
            place = town(session)
            sent = _sent()
            until = day_of(form.get("answer_by"), "answer_by")
            if until is None:
                raise Invalid("Say until when comments are taken.")
            number = drafts.send(
                session, place.id, form.get("code", ""), title=form.get("title", ""), file_name=sent.name,
                content=sent.content, day=today(place), answer_by=until, who=asker().name,
                communities=sent.communities,
            )  # fmt: skip
    except GisgridError as error:
        with keeping(read_only=True) as session:
            return _listed(session, error, of_draft=True)
    flash(gettext("The draft is sent; the communities find it under Drafts."), "info")
    return redirect(url_for("issuing.draft", number=number, township=place.code), 303)


@blueprint.get("/drafts/<int:number>")
def draft(number: int) -> Response:
    """A draft with what communities say to it."""
    with keeping(read_only=True) as session:
        return _draft(session, number)


@blueprint.get("/drafts/<int:number>/file")
def draft_file(number: int) -> Response:
    """The bytes of a draft, to be kept and not to be run."""
    with keeping(read_only=True) as session:
        place = town(session)
        found = drafts.draft(session, place.id, number)
        return attached(
            found.file_name, found.media_type, drafts.content(session, place.id, number)
        )


@blueprint.post("/drafts/<int:number>/answer")
def answer(number: int) -> BaseResponse:
    """Answer a comment."""
    comment = request.form.get("comment", "")
    try:
        with keeping() as session:
            place = town(session)
            drafts.answer(
                session, place.id, number, int(comment) if comment.isdecimal() and len(comment) < 18 else 0,
                request.form.get("answer", ""), who=asker().name,
            )  # fmt: skip
    except GisgridError as error:
        with keeping(read_only=True) as session:
            return _draft(session, number, error)
    flash(gettext("The answer stands beside the comment."), "info")
    return redirect(url_for("issuing.draft", number=number, township=place.code), 303)


@blueprint.post("/drafts/<int:number>/issue")
def issue_draft(number: int) -> BaseResponse:
    """Issue a draft as it was sent."""
    form = request.form
    try:
        with keeping() as session:
            place = town(session)
            found = drafts.draft(session, place.id, number)
            made = drafts.issue(
                session, place.id, number, day=today(place), who=asker().name, roles=form.getlist("roles"),
                communities=form.getlist("communities"), due_on=day_of(form.get("due_on"), "due_on"),
            )  # fmt: skip
    except GisgridError as error:
        with keeping(read_only=True) as session:
            return _draft(session, number, error)
    flash(
        gettext("Version %(n)s is issued; whoever is asked finds it on their page.", n=made.number),
        "info",
    )
    return redirect(url_for("issuing.one", code=found.code, township=place.code), 303)


def _sent() -> Sent:
    form, file = request.form, request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("Choose a file first.")
    content = file.read()
    file.close()
    return Sent(
        file.filename, content, form.getlist("roles"), form.getlist("communities"),
        day_of(form.get("due_on"), "due_on"),
    )  # fmt: skip


def _listed(
    session: Session, error: GisgridError | None = None, *, of_draft: bool = False
) -> Response:
    place = town(session)
    day = today(place)
    found = documents.documents(session, place.id, day)
    if asked_as_workbook():
        return lists.workbook(place, sheets.documents(found, day, dict(_parts())))
    return page(
        "issuing.html", error=error, typed=request.form.to_dict(), documents=found, day=day,
        drafts=drafts.drafts(session, place.id), of_draft=of_draft, most=MOST_BYTES // 1_000_000,
        **_asked(session, place),
    )  # fmt: skip


def _document(session: Session, code: str, error: GisgridError | None = None) -> Response:
    place = town(session)
    day = today(place)
    past = documents.versions(session, place.id, code)
    found = next(each for each in documents.documents(session, place.id, day) if each.code == code)
    became = [each for each in drafts.drafts(session, place.id) if each.code == code]
    return page(
        "issued.html", error=error, typed=request.form.to_dict(), document=found, versions=past, day=day,
        drafts=became, may_see_readers=may_ask("documents.readers"), most=MOST_BYTES // 1_000_000,
        **_asked(session, place, found.roles, found.communities),
    )  # fmt: skip


def _draft(session: Session, number: int, error: GisgridError | None = None) -> Response:
    place = town(session)
    day = today(place)
    return page(
        "issuing-draft.html", error=error, typed=request.form.to_dict(), day=day,
        draft=drafts.draft(session, place.id, number), local=lambda at: local(at, place.time_zone),
        **_asked(session, place),
    )  # fmt: skip


def _asked(
    session: Session,
    place: TownshipInfo,
    roles: tuple[str, ...] = (),
    communities: tuple[str, ...] = (),
) -> dict[str, object]:
    """What the forms need to say whom a document asks; what was ticked, where the form came back."""
    form = request.form
    english = language() == "en"
    return {
        "place": place,
        "parts": _parts(),
        "communities": [
            (each.code, (english and each.name_en) or each.name)
            for each in communities_of(session, place.id)
        ],
        "ticked": {
            "roles": form.getlist("roles") if form else list(roles),
            "communities": form.getlist("communities") if form else list(communities),
        },
    }


def _parts() -> list[tuple[str, str]]:
    return [(role, gettext(TEAM_WORDS[role])) for role in ROLES]
