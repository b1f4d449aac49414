"""Packs as PDF: one for all and one a grid, by one run of the Chromium on this machine."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from gisgrid.core.heavy import pypdf
from gisgrid.files.pdf import as_pdf
from gisgrid.paper.contents import Packs
from gisgrid.paper.sheets import SHEETS, html, mark

LIMIT_S = 300
"""For one run: a great township on a slow machine."""


@dataclass(frozen=True)
class Printed:
    """What was printed."""

    whole: bytes
    """All grids, one after another."""
    grids: dict[str, bytes]
    """Each grid's own, by code; ``astray``: the houses in none."""
    pages: int


def print_packs(
    packs: Packs,
    *,
    sheets: Iterable[str] = SHEETS,
    language: str,
    site: str,
    apart: bool = True,
) -> Printed:
    """The packs as PDF; ``NoPrinter`` where there is no Chromium.

    Parameters
    ----------
    sheets, language, site
        As `gisgrid.paper.sheets.html`.
    apart
        Whether each grid is wanted by itself as well.
    """
    page = html(packs, sheets=sheets, language=language, site=site)
    reader = pypdf.PdfReader(io.BytesIO(as_pdf(page, limit_s=LIMIT_S, tagged=False)))
    # The first page bears only the marks to which the places of the grids hang.
    first, last = 1, len(reader.pages)
    whole = _pages(reader, first, last)
    if not apart:
        return Printed(whole, {}, last - first)
    names = [(pack.code, mark(k)) for k, pack in enumerate(packs.grids)]
    if packs.astray:
        names.append(("astray", "astray"))
    places = {name.lstrip("/"): at for name, at in reader.named_destinations.items()}
    begins = [
        (name, reader.get_destination_page_number(places[at])) for name, at in names if at in places
    ]
    ends = [begin for _, begin in begins[1:]] + [last]
    return Printed(
        whole,
        {
            name: _pages(reader, begin or 0, end or last)
            for (name, begin), end in zip(begins, ends, strict=True)
        },
        last - first,
    )


def _pages(reader: pypdf.PdfReader, first: int, last: int) -> bytes:
    writer = pypdf.PdfWriter()
    for number in range(first, last):
        writer.add_page(reader.pages[number])
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()
