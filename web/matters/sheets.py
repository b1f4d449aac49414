"""Rules of communities as a sheet of a workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_babel import gettext

from gisgrid.cases.community_rules import CommunityRule
from gisgrid.files.exports import Sheet
from web.http.dates import on_the_clock
from web.http.lists import sheet


def rules(found: Sequence[CommunityRule], states: Mapping[str, str], time_zone: str) -> Sheet:
    """What communities add to items of the list, and what was decided."""
    return sheet(
        gettext("Rules of communities"),
        [
            (gettext("Community"), [each.community for each in found]),
            (gettext("Code"), [each.code for each in found]),
            (gettext("Matter"), [each.matter for each in found]),
            (gettext("Rule"), [each.text for each in found]),
            (gettext("First day"), [each.since for each in found]),
            (gettext("Until"), [each.until for each in found]),
            (gettext("State"), [gettext(states[each.state]) for each in found]),
            (gettext("Reason"), [each.reason for each in found]),
            (gettext("By"), [each.written_by for each in found]),
            (gettext("Entered"), [on_the_clock(each.written_at, time_zone) for each in found]),
            (gettext("Decided by"), [each.decided_by for each in found]),
            (gettext("Decided on"), [on_the_clock(each.decided_at, time_zone) for each in found]),
        ],
    )
