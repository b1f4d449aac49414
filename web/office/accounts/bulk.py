"""``/office/accounts/several``: accounts for everybody on a staff list, tried first, their slips in one print."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import Response, current_app, request
from sqlalchemy.orm import Session

from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.core.roles import ROLES
from gisgrid.core.settings import Settings
from gisgrid.files.reading_apart import open_apart
from gisgrid.people import staff_list
from gisgrid.people.ground import administered
from gisgrid.people.staff_list import TriedRow
from web.http.keeping import keeping, page
from web.http.towns import own_town, town
from web.office.accounts.forms import area_word
from web.office.accounts.slips import handed_out, slips_page
from web.office.accounts.views import blueprint

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx")
LONGEST = 200_000
"""Characters of a list."""


@blueprint.get("/several")
def several() -> Response:
    """Where a list is chosen, or written."""
    return _shown("", None)


@blueprint.post("/several")
def try_several() -> Response:
    """What would be made of the list: each row is made and all is taken back."""
    written = request.form.get("list", "")
    try:
        if (sent := request.files.get("file")) is not None and sent.filename:
            written = _read(sent.filename, sent)
        with keeping() as session:
            tried = _made(session, written)
            session.rollback()
    except GisgridError as error:
        return _shown(written, None, error)
    return _shown(written, tried)


@blueprint.post("/several/make")
def make_several() -> Response:
    """Make them, and show the slips of those that got a password."""
    written = request.form.get("list", "")
    factor = bool(request.form.get("authenticator"))
    try:
        with keeping() as session:
            tried = _made(session, written)
            slips = [
                handed_out(
                    session, each.account_id, password=True, secret=each.password,
                    authenticator=factor and _office(each),
                )
                for each in tried
                if each.password and each.account_id
            ]  # fmt: skip
    except GisgridError as error:
        return _shown(written, None, error)
    return slips_page(slips, tried) if slips else _shown(written, tried, done=True)


def _made(session: Session, written: str) -> list[TriedRow]:
    if len(written) > LONGEST:
        raise Invalid("The list has {count} rows; at most {most} at once.", count=len(written.splitlines()), most=staff_list.MOST)  # fmt: skip
    rows = staff_list.rows_of(staff_list.table_of(written))
    if not rows:
        raise Invalid("The list is empty: choose a file, or write the rows.")
    return staff_list.make_accounts(session, town(session).code, rows)


def _office(each: TriedRow) -> bool:
    role = staff_list.role_named(each.row.role)
    return role is not None and ROLES[role].office


def _read(name: str, sent: object) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    ending = Path(name).suffix.lower()
    if ending not in ENDINGS:
        raise Invalid("Choose a CSV or XLSX file.")
    with tempfile.TemporaryDirectory(prefix="gisgrid-") as folder:
        file = Path(folder) / f"list{ending}"
        sent.save(file)  # type: ignore[attr-defined]
        table = open_apart(file, most=settings.upload_unpacked_max_mb << 20)
        rows = [
            dict(zip(table.columns, row, strict=False))
            for chunk in table.chunks()
            for row in chunk[list(table.columns)].itertuples(index=False)
        ]
        if len(rows) > staff_list.MOST:
            raise Invalid(
                "The list has {count} rows; at most {most} at once.",
                count=len(rows),
                most=staff_list.MOST,
            )
        return staff_list.written_of(table.columns, rows)


def _shown(
    written: str,
    tried: list[TriedRow] | None,
    error: GisgridError | None = None,
    *,
    done: bool = False,
) -> Response:
    with keeping(read_only=True) as session:
        own_town(session)  # which the header names
        towns = [
            (area.value, area_word(area))
            for area in administered(session)
            if area.level == "township"
        ]
    return page(
        "accounts-several.html", towns=towns, town_chosen=request.form.get("township", ""), error=error, written=written, tried=tried, done=done,
        made=sum(each.outcome == "made" for each in tried or ()), most=staff_list.MOST,
        endings=ENDINGS,
    )  # fmt: skip
