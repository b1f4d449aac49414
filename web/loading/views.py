"""``/office/import``: files on their way into the store. The worker reads, checks and loads them."""

from __future__ import annotations

import io
import json
from datetime import date
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core import plans
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.messages import said_of
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.scope import scope
from gisgrid.files.columns import KINDS
from gisgrid.files.findings import REASONS
from gisgrid.files.rejects import first_rejects
from gisgrid.loading import file_import_parts, file_imports
from gisgrid.loading.file_imports import FileImportInfo
from gisgrid.loading.modes import modes_of
from gisgrid.loading.targets import TARGETS
from web.http import lists
from web.http.dates import local, zone_of
from web.http.db import reading, writing
from web.http.language import said, said_again
from web.http.permissions import asked_as_workbook, asker
from web.http.towns import own_town
from web.loading import sheets, words
from web.loading.forms import (
    COORDINATES,
    LEFT_OUT,
    Shown,
    as_meant,
    kept,
    left_aside,
    options_of,
    sent,
)

blueprint = Blueprint("imports", __name__, url_prefix="/office/import")

SHOWN, SHOWN_REFUSED = 5, 20
"""First rows under the names they were given, and refused rows, on the page of an import."""
MOST_OPENED = 4 << 20
"""Bytes of a workbook of refused rows that a page opens; a larger one is taken away whole."""
PORTION = 200
"""Imports of a page of the list."""
SORTS = ("at", "file_name", "kind", "who", "inserted", "updated", "refused", "stage")


@blueprint.get("")
def index() -> Response:
    """The list of imports, and where a file is dropped."""
    turn, listing = lists.turn(PORTION), lists.listing(SORTS, {"kind": words.KIND_WORDS})
    with reading() as session:
        rows = file_imports.listed(session, limit=turn.most, skip=turn.skip, listing=listing)
        here = own_town(session)
        towns = plans.townships(session)
    if asked_as_workbook():
        return lists.workbook(None, sheets.imports(rows, _zone(here, towns)))
    return _page(
        "imports.html",
        rows=rows[:PORTION],
        read=len(rows),
        turn=turn,
        listing=listing,
        zone=_zone(here, towns),
        towns={t.code: t for t in towns},
    )


@blueprint.post("")
def take() -> BaseResponse:
    """Keep a file that was sent; it is looked at by the worker."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("Choose a file first.")
    with writing() as session:
        after = request.form.get("after", "")
        place = own_town(session)
        number = file_imports.take(
            session, file.stream, file.filename, account_id=_me(), who=asker().name,
            township=place.code if place else None,
            after=file_imports.file_import(session, _number(after)) if after else None,
        )  # fmt: skip
    return redirect(url_for("imports.one", number=number), 303)


@blueprint.get("/<int:number>")
def one(number: int) -> Response:
    """One import: what it holds and how it is meant, what a dry run said, what was imported."""
    with reading() as session:
        found = file_imports.file_import(session, number)
        return _shown(session, found, None)


@blueprint.get("/<int:number>/state.json")
def state(number: int) -> Response:
    """How far the worker is."""
    with reading() as session:
        found = file_imports.file_import(session, number)
    return _no_store(Response(json.dumps(_progress(found)), content_type="application/json"))


@blueprint.post("/<int:number>/look")
def look(number: int) -> BaseResponse:
    """Have the file read in another way: another layer or sheet, another encoding."""
    with writing() as session:
        found = file_imports.file_import(session, number)
        mapping = {**(found.options.get("mapping") or {})}
        for name in ("layer", "encoding"):
            if name in request.form:
                mapping[name] = request.form[name].strip() or None
        file_imports.look_again(
            session, number, {**found.options, "mapping": mapping}, account_id=_me()
        )
    return _back(number)


@blueprint.post("/<int:number>/check")
def check(number: int) -> BaseResponse:
    """Have a dry run made, as the form says; what the form cannot say comes back with it."""
    try:
        with writing() as session:
            found = file_imports.file_import(session, number)
            shown = sent(request.form, found)
            _refuse_no_day(shown)
            file_imports.check(
                session, number, shown.kind, shown.township or None, options_of(shown, found),
                account_id=_me(),
            )  # fmt: skip
    except Invalid as error:
        with reading() as session:
            found = file_imports.file_import(session, number)
            answer = _shown(session, found, sent(request.form, found), error)
        answer.status_code = 422
        return answer
    return _back(number)


@blueprint.post("/<int:number>/commit")
def commit(number: int) -> BaseResponse:
    """Have the file imported as its dry run was made."""
    with writing() as session:
        aside = left_aside(file_imports.file_import(session, number))
        if aside and request.form.get("aside") != str(len(aside)):
            raise Invalid(
                "These columns are not stored: {columns}. Say what they mean, or tick that they are left aside.",
                columns=aside,
            )
        file_imports.commit(session, number, account_id=_me())
    return _back(number)


@blueprint.post("/<int:number>/foresee")
def foresee(number: int) -> BaseResponse:
    """Have it told what taking the import back would do."""
    with writing() as session:
        file_imports.take_back(session, number, account_id=_me(), foresee=True)
    return _back(number)


@blueprint.post("/runs/<int:run_id>/foresee")
def foresee_run(run_id: int) -> BaseResponse:
    """The same for a load that came by another road."""
    with writing() as session:
        number = file_imports.of_run(session, run_id, account_id=_me(), who=asker().name)
    return _back(number)


@blueprint.post("/<int:number>/undo")
def undo(number: int) -> BaseResponse:
    """Have the import taken back."""
    with writing() as session:
        file_imports.take_back(session, number, account_id=_me(), foresee=False)
    return _back(number)


@blueprint.post("/<int:number>/cancel")
def cancel(number: int) -> BaseResponse:
    """Stop what waits or runs."""
    with writing() as session:
        file_imports.file_import(session, number)
        file_imports.cancel(session, number, account_id=_me())
    return _back(number)


@blueprint.post("/<int:number>/away")
def away(number: int) -> BaseResponse:
    """Delete a file that was never imported."""
    with writing() as session:
        file_imports.throw_away(session, number)
    return redirect(url_for("imports.index"), 303)


@blueprint.get("/<int:number>/refused.xlsx")
def refused(number: int) -> BaseResponse:
    """The workbook of refused and noted rows, for who sent the file."""
    with reading() as session:
        found = file_imports.file_import(session, number)
        book = file_import_parts.part(session, number, "refused")
    if book is None:
        raise NoSuchPage
    stem = found.file_name.rsplit(".", 1)[0]
    answer = send_file(
        io.BytesIO(book),
        mimetype=lists.XLSX,
        as_attachment=True,
        download_name=f"{stem}.refused.xlsx",
    )
    return _no_store(answer)


def _shown(
    session: Session, found: FileImportInfo, form: Shown | None, error: GisgridError | None = None
) -> Response:
    looked = found.looked or {}
    towns = plans.townships(session)
    mine = scope(session, "load").townships
    here = own_town(session)
    usual = here.code if here else ""
    kind = _kind(found)
    form = form or kept(found, kind, usual)
    sample, picture = (
        file_import_parts.part(session, found.id, what) for what in ("sample", "drawing")
    )
    place = next((t for t in towns if t.code == (form.township or usual)), None)
    return _page(
        "import.html",
        found=found,
        form=form,
        looked=looked,
        columns=KINDS[form.kind].columns if form.kind in KINDS else (),
        sample=json.loads(sample) if sample else [],
        picture=json.loads(picture) if picture else None,
        towns=[t for t in towns if t.id in mine],
        first_plan=place is not None and plans.newest_plan(session, place.id) is None,
        plan_names=[p.name for p in plans.plans(session, place.id) if p.state == "draft"] if place else [],
        kinds=[p["kind"] for p in looked.get("kinds", ())],
        error=error,
        said=_said(found, error),
        mend=_mend(error.facts if error else found.facts or {}, type(error).__name__),
        progress=_progress(found),
        own=found.account_id == _me(),
        same=file_imports.same_file(session, found) if found.stage in ("sent", "looked", "checked") else None,
        aside=left_aside(found) if found.stage == "checked" else [],
        meant=as_meant(found, json.loads(sample)[:SHOWN]) if sample and found.stage == "checked" else None,
        refused=_first_refused(session, found),
        words_of={c.name: words.column_word(c) for c in KINDS[found.kind].columns} if found.kind in KINDS else {},
        matched=_matched(found.kind),
        modes=modes_of(form.kind),
        headers=(found.options.get("mapping") or {}).get("columns") or {},
        zone=_zone(here, towns),
    )  # fmt: skip


def _matched(kind: str | None) -> list[str]:
    """By which columns a row of the file is found in the store again."""
    if kind not in KINDS or kind not in TARGETS:
        return []
    return [words.column_word(c) for c in KINDS[kind].columns if c.name in TARGETS[kind].key]


def _first_refused(
    session: Session, found: FileImportInfo
) -> tuple[list[str], list[list[str]]] | None:
    """The first refused rows as the page shows them; None: none were, or the workbook is too large to be opened here."""
    if not (found.imported or found.checked or {}).get("refused"):
        return None
    book = file_import_parts.part(session, found.id, "refused")
    return None if book is None or len(book) > MOST_OPENED else first_rejects(book, SHOWN_REFUSED)


def _page(template: str, **values: Any) -> Response:
    settings = current_app.config["SETTINGS"]
    return _no_store(
        Response(
            render_template(
                template, words=words, header_word=words.header_word, local=local, LEFT_OUT=LEFT_OUT, COORDINATES=COORDINATES,
                reasons=REASONS, said_of=lambda stored: said(said_of(stored)), most_mb=settings.import_max_mb, endings=file_import_parts.ENDINGS,
                **values,
            )
        )
    )  # fmt: skip


def _kind(found: FileImportInfo) -> str:
    """The kind whose columns are shown: as asked, as kept, as proposed."""
    asked = request.args.get("kind", "")
    if asked in KINDS and found.stage in ("looked", "checked"):
        return asked
    kinds = (found.looked or {}).get("kinds") or [{"kind": ""}]
    return found.kind or kinds[0]["kind"]


def _said(found: FileImportInfo, error: GisgridError | None) -> str:
    """What went wrong, in the asker's language."""
    if error is not None:
        return said(error)
    return said_again(found.failed)


def _mend(facts: dict[str, Any], error: str) -> str:
    """The field of the page that mends what went wrong; empty: none does."""
    said = ""
    if "best" in facts:
        said = gettext(
            "Choose it under “Coordinates”, or tick under “Options” that the declared one is right."
        )
    elif "UndeclaredCrs" in (error, facts.get("error")):
        said = gettext("Choose it under “Coordinates”.")
    elif "emptied" in facts:
        said = gettext("Or set the column to “left out”, or tick it under “Options”.")
    elif "missing" in facts:
        said = gettext("Choose the columns below, or write one value for every row.")
    elif "columns" in facts and "kind" in facts:
        said = gettext("Or set the column to “left out”.")
    return said


def _progress(found: FileImportInfo) -> dict[str, Any]:
    begun = found.state == "running"
    doing = words.DOING_WORDS.get(found.doing, found.doing) if begun else words.DOING_WORDS[""]
    return {
        "busy": found.busy,
        "task": gettext(words.TASK_WORDS[found.task]),
        "doing": gettext(doing),
        "done": found.done,
        "total": found.total,
        "before": found.before,
    }


def _refuse_no_day(shown: Shown) -> None:
    for name in ("since", "in_force_from"):
        try:
            date.fromisoformat(shown.choices[name] or "2000-01-01")
        except ValueError:
            raise Invalid("The day is none: choose it in the calendar.") from None


def _zone(here: TownshipInfo | None, towns: list[TownshipInfo]) -> str:
    """On whose clock moments are told; before there is a township, on that of the others of its country."""
    return zone_of(here or next(iter(towns), None))


def _me() -> int:
    return asker().account_id or 0


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 12 else 0


def _back(number: int) -> BaseResponse:
    return redirect(url_for("imports.one", number=number), 303)


def _no_store(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
