"""Lists of what waits to be handled, as sheets of a workbook."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext

from gisgrid.cases.open_problems import OpenProblemCard
from gisgrid.files.exports import Sheet
from web.http.language import own_name
from web.http.lists import sheet


def problems(found: Sequence[OpenProblemCard]) -> Sheet:
    """The long-term problems."""
    return sheet(
        gettext("Long-term problems"),
        [
            (gettext("Number of the problem"), [each.code for each in found]),
            (gettext("Problem"), [each.title for each in found]),
            (
                gettext("Community"),
                [own_name(each.community, each.community_en) or None for each in found],
            ),
            (gettext("Supervisor"), [each.supervisor for each in found]),
            (gettext("Open since"), [each.opened_on for each in found]),
            (gettext("Look again on"), [each.review_on for each in found]),
            (gettext("Reviews"), [each.reviews for each in found]),
            (gettext("Solved on"), [each.solved_on for each in found]),
        ],
    )
