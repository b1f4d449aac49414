"""Lists of registers and houses as sheets of a workbook."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext

from gisgrid.files.exports import Sheet
from gisgrid.register.households import GridRegister, ListedHouse
from web.http.lists import sheet
from web.register.words import DUE_WORDS


def registers(found: Sequence[GridRegister]) -> Sheet:
    """The grids with how far their registers are kept."""
    return sheet(
        gettext("Registers"),
        [
            (gettext("Code"), [each.code for each in found]),
            (gettext("Grid"), [each.name for each in found]),
            (gettext("Community"), [each.community for each in found]),
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
