"""What was issued to read, in large type, and “I have read it”."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.people.learning import documents
from gisgrid.people.learning import reading as mine
from gisgrid.planning.snapshot.fetch import today
from web.http.dates import local
from web.http.db import reading, writing
from web.http.towns import town

blueprint = Blueprint("documents", __name__)


@blueprint.get("/documents")
def all_documents() -> str:
    """The documents of a township, those that whoever asks has not read first."""
    with reading() as session:
        place = town(session)
        listed = mine.to_read(session, place.id, today(place))
        noted = mine.is_staff(session)
    return render_template(
        "documents.html", documents=listed, noted=noted, town=place.code, local=local
    )


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
    )


@blueprint.get("/document-files/<path:code>")
def file(code: str) -> Response:
    """The bytes of the newest version, to be kept and not to be run."""
    with reading() as session:
        version = documents.version(session, town(session).id, code)
    name = quote(version.file_name)
    return Response(
        version.content,
        content_type=version.media_type,
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
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
