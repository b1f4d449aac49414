"""The round list as a workbook: to be filled in, and loaded as the kind `rounds`."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext

from gisgrid.files.exports import Sheet
from gisgrid.paper.contents import PaperHouse
from web.http.lists import sheet


def rounds(houses: Sequence[PaperHouse]) -> Sheet:
    """Houses with empty columns, under headings by which the load knows them."""
    empty = [None] * len(houses)
    to_fill = (
        gettext("Day of the visit"), gettext("All as registered"), gettext("Reason"), gettext("Met"),
        gettext("Agreed"), gettext("Next day"),
    )  # fmt: skip
    return sheet(
        gettext("Round list"),
        [
            (gettext("House code"), [house.code for house in houses]),
            (gettext("Address"), [house.address for house in houses]),
            (gettext("Households"), [house.households for house in houses]),
            (gettext("Last seen"), [house.last_on for house in houses]),
            *((head, empty) for head in to_fill),
        ],
    )
