"""What was issued to read, in large type, and “I have read it”; drafts, and what a community says to them."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, NotFound
from gisgrid.people.learning import documents, drafts
from gisgrid.people.learning import reading as mine
from gisgrid.planning.snapshot.fetch import today
from web.http import lists
from web.http.dates import local
from web.http.db import reading, writing
from web.http.errors import status_of
from web.http.keeping import in_words
from web.http.language import language
from web.http.permissions import asked_as_workbook, asker, may_ask
from web.http.towns import town
from web.shell.words import TEAM_WORDS

blueprint = Blueprint("documents", __name__)


@blueprint.get("/documents")
def all_documents() -> str:
    """The documents of a township, those that whoever asks has not read first."""
    with reading() as session:
        place = town(session)
        listed = mine.to_read(session, place.id, today(place))
        noted = mine.is_staff(session)
        asked = may_ask("documents.all_drafts") and bool(drafts.drafts(session, place.id))
    return render_template(
        "documents.html", documents=listed, noted=noted, town=place.code, local=local, day=today(place),
        asked=asked,
    )  # fmt: skip


@blueprint.get("/documents/<path:code>")
def one(code: str) -> str:
    """A document's newest version; a text is shown, any other file is a link."""
    with reading() as session:
        place = town(session)
        version = documents.version(session, place.id, code)
        state = {d.code: d for d in mine.to_read(session, place.id, today(place))}[code]
        noted = mine.is_staff(session)
    words = None
    if version.media_type.startswith("text/plain"):
        words = version.content.decode("utf-8-sig")
    return render_template(
        "document.html",
        version=version,
        state=state,
        words=words,
        noted=noted,
        town=place.code,
        local=local,
        day=today(place),
    )


@blueprint.get("/document-files/<path:code>")
def file(code: str) -> Response:
    """The bytes of the newest version, or of ``?version=``, to be kept and not to be run."""
    asked = request.args.get("version", "")
    if asked and not (asked.isdecimal() and len(asked) < 7):
        raise NotFound(
            "There is no document {code!r} in version {number}.", code=code, number=asked[:20]
        )
    with reading() as session:
        version = documents.version(session, town(session).id, code, int(asked) if asked else None)
    return attached(version.file_name, version.media_type, version.content)


def attached(file_name: str, media_type: str, content: bytes) -> Response:
    """Bytes as a file that a browser keeps and never runs."""
    return Response(
        content,
        content_type=media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name)}",
            "Cache-Control": "private",
            "X-Content-Type-Options": "nosniff",
        },
    )


@blueprint.post("/documents/<path:code>")
def has_read(code: str) -> BaseResponse:
    """Note that whoever asks has read the version whose number the form names."""
    number = request.form.get("number", "", str)
    with writing() as session:
        place = town(session)
        version = documents.version(
            session, place.id, code, int(number) if number.isdecimal() else None
        )
        mine.mark_mine(session, version)
    return redirect(url_for("documents.one", code=code, township=place.code), 303)


@blueprint.get("/drafts")
def all_drafts() -> str:
    """The drafts on which the asker's communities are asked."""
    with reading() as session:
        place = town(session)
        found = drafts.drafts(session, place.id)
    return render_template("drafts.html", drafts=found, day=today(place), place=place)


@blueprint.get("/drafts/<int:number>")
def draft(number: int) -> Response:
    """A draft with what communities said to it, and a field for one's own."""
    with reading() as session:
        return _draft(session, number)


@blueprint.get("/draft-files/<int:number>")
def draft_file(number: int) -> Response:
    """The bytes of a draft, to be kept and not to be run."""
    with reading() as session:
        place = town(session)
        found = drafts.draft(session, place.id, number)
        return attached(
            found.file_name, found.media_type, drafts.content(session, place.id, number)
        )


@blueprint.post("/drafts/<int:number>")
def comment(number: int) -> BaseResponse:
    """Say something to a draft for one's community."""
    form = request.form
    community = form.get("community", "")
    try:
        with writing() as session:
            place = town(session)
            drafts.comment(
                session, place.id, number, int(community) if community.isdecimal() and len(community) < 18 else 0,
                form.get("text", ""), day=today(place), who=asker().display_name,
            )  # fmt: skip
    except GisgridError as error:
        with reading() as session:
            return _draft(session, number, error)
    flash(gettext("Your comment is sent; the answer will stand beside it."), "info")
    return redirect(url_for("documents.draft", number=number, township=place.code), 303)


def _draft(session: Session, number: int, error: GisgridError | None = None) -> Response:
    place = town(session)
    found = drafts.draft(session, place.id, number)
    words = None
    if found.media_type.startswith("text/plain"):
        words = drafts.content(session, place.id, number).decode("utf-8-sig")
    mine = drafts.own_communities(session, place.id, found)
    english = language() == "en"
    html = render_template(
        "draft.html", draft=found, words=words, day=today(place), place=place, english=english,
        mine=[(each.id, (english and each.name_en) or each.name) for each in mine],
        local=lambda at: local(at, place.time_zone), typed=request.form.to_dict() if error else {},
        said=in_words(error),
    )  # fmt: skip
    answer = Response(html)
    answer.status_code = 200 if error is None else status_of(error)
    return answer


@blueprint.get("/document-readers/<path:code>")
def readers(code: str) -> str | Response:
    """Who has read the newest version of a document, and who is still asked to; the latter first."""
    with reading() as session:
        place = town(session)
        issued = documents.version(session, place.id, code)
        listed = documents.readers(session, place.id, code, today(place), masked=True)
    if asked_as_workbook():
        return lists.workbook(place, documents.readers_sheet(listed))
    return render_template(
        "readers.html", version=issued, listed=listed, team_words=TEAM_WORDS, local=local, day=today(place)
    )  # fmt: skip
