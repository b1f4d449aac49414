"""Lists that leave as a workbook: ``?as=xlsx`` on the page of a list, for who holds `export` on its ground.

A page reads its rows once, under the asker's rights; what leaves are these rows, all of the filter and not
those of the page at hand. `web.http.permissions` asks for the right before the page reads anything.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flask import Flask, Response, g, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, NotAllowed
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.scope import covered
from gisgrid.db.listing import Listing
from gisgrid.files.exports import Cell, Sheet, write_workbook
from gisgrid.people.privacy import audit
from web.http.dates import page_asked
from web.http.db import writing
from web.http.permissions import asked_as_workbook, asker
from web.http.routes import RIGHT_OF
from web.http.towns import several_towns

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 100_000
"""Of one workbook; a longer list is narrowed first, and is never cut off in silence."""
MOST_LETTERS = 100
"""Of words that a list is narrowed to."""
_OF_THE_PAGE = ("as", "lang", "page", "verify", "noted")
"""Parts of an address that are none of the list: what is done once, or how the page is shown."""


def init_app(app: Flask) -> None:
    app.jinja_env.globals["address_as_workbook"] = address_as_workbook
    app.jinja_env.globals["address_of_page"] = address_of_page
    app.jinja_env.globals["address_sorted"] = address_sorted


@dataclass(frozen=True)
class Turn:
    """Which rows of a long list a request asks for: those of its page, or all of a workbook."""

    number: int
    """From 1 on."""
    portion: int
    """Rows of a page."""

    @property
    def skip(self) -> int:
        """Rows before the page."""
        return 0 if asked_as_workbook() else (self.number - 1) * self.portion

    @property
    def most(self) -> int:
        """Rows to read: one more than is shown says whether there are others."""
        return most(self.portion + 1)

    def of(self, ids: Sequence[int]) -> Sequence[int]:
        """Those of all numbers whose rows are read."""
        return ids[self.skip : self.skip + self.most]

    def more(self, read: int) -> bool:
        """Whether there is a page after this one, where so many rows were read."""
        return read > self.portion


def turn(portion: int) -> Turn:
    """What ``?page=`` asks for of a list whose pages have so many rows; Invalid if it is no number."""
    return Turn(page_asked(), portion)


def listing(
    columns: Sequence[str], shown: Mapping[str, Mapping[str, str]] = MappingProxyType({})
) -> Listing:
    """How ``?sort=`` (a column, with ``-`` before it downwards) and ``?q=`` want the list; Invalid for no column of it.

    Parameters
    ----------
    shown
        Of columns that hold codes, what the page says for each: a message of the catalogue, or what stands there.
    """
    asked = request.args.get("sort", "")
    column = asked.removeprefix("-")
    if column and column not in columns:
        raise Invalid(
            "The list is sorted by one of {known}, not by {column!r}.",
            known=list(columns), column=column[:40],
        )  # fmt: skip
    words = request.args.get("q", "").replace("\0", "").strip()
    words = words[:MOST_LETTERS]
    meant = [
        (name, code)
        for name, codes in shown.items()
        for code, said in codes.items()
        if words and words.lower() in gettext(said).lower()
    ]
    return Listing(column, asked.startswith("-"), words, tuple(meant))


def most(of_page: int) -> int:
    """How many rows to read: those of a page, or all that a workbook may hold and one more."""
    return MOST_ROWS + 1 if asked_as_workbook() else of_page


def workbook(place: TownshipInfo | None, *sheets: Sheet) -> Response:
    """The list of the page at hand as a file; the audit says who took which list, and how many rows.

    Parameters
    ----------
    place
        The township whose list it is; None: it reaches over all ground of the asker.
    sheets
        The list is the first; what explains it may follow.

    Raises
    ------
    NotAllowed
        The list shows ground on which `export` does not hold.
    Invalid
        More than ``MOST_ROWS`` rows.
    """
    rows = len(sheets[0].rows)
    if rows > MOST_ROWS:
        raise Invalid(
            "The list has more than {most} rows: narrow it by a filter first.", most=MOST_ROWS
        )
    name = (request.endpoint or "").replace(".", "-")
    with writing() as session:
        may_leave(session, _rights(), place)
        audit.note_export(session, request.endpoint or "", rows)
    with tempfile.TemporaryDirectory(prefix="gisgrid-") as folder:
        file = Path(folder) / f"{name}.xlsx"
        write_workbook(file, sheets)
        answer = Response(file.read_bytes(), mimetype=XLSX)
    answer.headers["Content-Disposition"] = f"attachment; filename={name}.xlsx"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def may_leave(session: Session, rights: Sequence[str], place: TownshipInfo | None) -> None:
    """Refuse (`NotAllowed`) what shows ground by some of ``rights`` on which `export` does not hold.

    Parameters
    ----------
    place
        The township that it is of; None: it reaches over all ground of the asker.
    """
    if not covered(session, rights, "export", place.id if place else None):
        raise NotAllowed(
            "This list shows ground on which you do not hold the right “export”: only what lies where "
            "you hold it may be taken away."
        )


def sheet(title: str, columns: Sequence[tuple[str, Sequence[Cell]]]) -> Sheet:
    """A sheet of columns, each a heading with its cells."""
    rows = list(zip(*(cells for _, cells in columns), strict=True))
    return Sheet(title, tuple(head for head, _ in columns), rows)


def address_as_workbook() -> str:
    """The address of the list at hand as a workbook, whole and with its filter."""
    return _address(**{"as": "xlsx"})


def address_sorted(listing: Listing, column: str) -> str:
    """The address of the list at hand sorted by a column, and downwards where it is sorted by it already."""
    down = listing.sort == column and not listing.down
    return _address(sort=f"-{column}" if down else column)


def address_of_page(number: int) -> str:
    """The address of another page of the list at hand, with its filter."""
    return _address(page=number)


def _address(**more: str | int) -> str:
    asked = {
        key: value
        for key, value in request.args.to_dict(flat=False).items()
        if key not in _OF_THE_PAGE
    }
    if "town" in g and several_towns():
        asked.setdefault("township", [g.town.code])
    return url_for(request.endpoint or "", **{**(request.view_args or {}), **asked, **more})


def _rights() -> list[str]:
    """The rights by which the asker reads the list at hand."""
    named = RIGHT_OF[request.endpoint or ""].replace(", ", " or ").split(" or ")
    return [right for right in named if right in asker().rights and right != "export"]
