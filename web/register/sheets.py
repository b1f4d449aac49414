"""What waits for the clerk as a sheet of a workbook."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext

from gisgrid.files.exports import Sheet
from gisgrid.register.entries import EntryLine
from gisgrid.register.households import GridRegister, ListedHouse
from gisgrid.register.today import ToVisit
from web.http.dates import on_the_clock
from web.http.language import own_name
from web.http.lists import sheet
from web.register.words import DUE_WORDS, KIND_WORDS, entered_values


def changes(found: Sequence[EntryLine], time_zone: str) -> Sheet:
    """The lines with what is registered and what was entered, as masked as they are."""
    return sheet(
        gettext("Changes to check"),
        [
            (gettext("No."), [each.id for each in found]),
            (gettext("House"), [each.address for each in found]),
            (gettext("Grid"), [each.grid for each in found]),
            (gettext("Change"), [gettext(KIND_WORDS[each.kind]) for each in found]),
            (gettext("In the register"), [_was(each) for each in found]),
            (gettext("Entered"), [_said(each) for each in found]),
            (gettext("By"), [each.who for each in found]),
            (gettext("Date and time"), [on_the_clock(each.at, time_zone) for each in found]),
            (
                gettext("changed meanwhile"),
                [gettext("yes") if each.conflict else None for each in found],
            ),
        ],
    )


def went(found: Sequence[EntryLine], time_zone: str) -> Sheet:
    """The houses that are gone or part of another, and who entered and decided so."""
    return sheet(
        gettext("Houses that went"),
        [
            (gettext("No."), [each.id for each in found]),
            (gettext("House"), [each.address for each in found]),
            (gettext("Change"), [gettext(KIND_WORDS[each.kind]) for each in found]),
            (gettext("Entered"), [_said(each) for each in found]),
            (gettext("By"), [each.who for each in found]),
            (gettext("Decided by"), [each.decided_by for each in found]),
            (
                gettext("Date and time"),
                [on_the_clock(each.decided_at or each.at, time_zone) for each in found],
            ),
        ],
    )


def _was(line: EntryLine) -> str:
    return "; ".join(f"{name}: {was}" for name, was, _ in entered_values(line) if was is not None)


def _said(line: EntryLine) -> str:
    return "; ".join(f"{name}: {value}" for name, _, value in entered_values(line))


def registers(found: Sequence[GridRegister]) -> Sheet:
    """The grids with how far their registers are kept."""
    return sheet(
        gettext("Registers"),
        [
            (gettext("Code"), [each.code for each in found]),
            (gettext("Grid"), [each.name for each in found]),
            (
                gettext("Community"),
                [own_name(each.community, each.community_en) or None for each in found],
            ),
            (gettext("Houses"), [each.houses for each in found]),
            (gettext("With a register"), [each.kept for each in found]),
        ],
    )


def houses(found: Sequence[ListedHouse]) -> Sheet:
    """The houses of a grid with what is due."""
    return sheet(
        gettext("Houses"),
        [
            (gettext("Code"), [each.code for each in found]),
            (gettext("Address"), [each.address for each in found]),
            (gettext("To do"), [gettext(DUE_WORDS[each.due]) for each in found]),
            (gettext("Waiting"), [each.waiting for each in found]),
            (gettext("Households"), [each.households for each in found]),
            (gettext("Verified"), [each.verified_on for each in found]),
            (gettext("Last seen"), [each.last_on for each in found]),
            (
                gettext("Without a place"),
                [None if each.located else gettext("yes") for each in found],
            ),
        ],
    )


def visits(found: Sequence[ToVisit]) -> Sheet:
    """The houses that nobody saw for long."""
    return sheet(
        gettext("Houses to visit"),
        [
            (gettext("Address"), [each.address for each in found]),
            (gettext("Grid"), [each.grid for each in found]),
            (gettext("Grid code"), [each.grid_code for each in found]),
            (gettext("Last seen"), [each.last_on for each in found]),
        ],
    )
