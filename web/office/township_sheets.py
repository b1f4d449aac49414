"""What a township sets for itself, as sheets of a workbook: settings, messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask_babel import gettext

from gisgrid.files.exports import Sheet
from gisgrid.outbox.deliveries import DeliveryCount
from gisgrid.planning.settings.described import SettingChanged
from web.http.dates import on_the_clock
from web.http.lists import sheet


def changes(found: Sequence[SettingChanged], time_zone: str) -> Sheet:
    """Who changed which setting of a township, and from what to what."""
    usual = gettext("the usual")
    return sheet(
        gettext("Changes"),
        [
            (gettext("Date and time"), [on_the_clock(each.at, time_zone) for each in found]),
            (gettext("Who"), [each.who for each in found]),
            (gettext("Setting"), [each.name for each in found]),
            (gettext("Before"), [each.was or usual for each in found]),
            (gettext("After"), [each.became or usual for each in found]),
        ],
    )


def deliveries(
    found: Sequence[DeliveryCount],
    kinds: Mapping[str, str],
    ways: Mapping[str, str],
    states: Mapping[str, str],
    time_zone: str,
) -> Sheet:
    """How the messages of a township stand, by kind, way and state."""
    return sheet(
        gettext("How messages stand"),
        [
            (gettext("What"), [gettext(kinds[each.kind]) for each in found]),
            (gettext("Way"), [gettext(ways[each.channel]) for each in found]),
            (gettext("State"), [gettext(states[each.state]) for each in found]),
            (gettext("Number"), [each.n for each in found]),
            (gettext("Oldest"), [on_the_clock(each.oldest, time_zone) for each in found]),
        ],
    )
