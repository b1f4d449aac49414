"""The settings of a township, and changing them."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from gisgrid.core.crs import is_metric
from gisgrid.core.errors import Invalid
from gisgrid.core.messages import Message, message, say
from gisgrid.core.plans import TownshipInfo, township
from gisgrid.db.tables import Township
from gisgrid.db.tables.places import CODE_SCHEMES, GRID_RULES
from gisgrid.db.tables.register_entries import REGISTER_RULES
from gisgrid.people.privacy.masking import change_masks
from gisgrid.planning.settings.thresholds import PREFIXES, change_thresholds


@dataclass(frozen=True)
class Option:
    """A setting that is no threshold: what it means, what it can be, and how it is read."""

    help: str
    allowed: Message
    """What it can be, as in “it is …”."""
    parse: Callable[[str], Any]
    choices: dict[str, str] = field(default_factory=dict)
    """Value to what it means; empty: it is written."""


def _srid(value: str) -> int:
    if not value.isdecimal() or len(value) > 9 or not is_metric(int(value)):
        raise ValueError
    return int(value)


def _zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        raise ValueError
    return value


def _metres(value: str) -> float:
    metres = float(value)
    if not 0 <= metres <= 1000:
        raise ValueError
    return metres


def _count(value: str) -> int:
    if not value.isdecimal() or len(value) > 4 or int(value) > 1000:
        raise ValueError
    return int(value)


def _one_of(choices: Sequence[str]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError
        return value

    return parse


def _choice(help_: str, choices: Sequence[str], words: dict[str, str]) -> Option:
    return Option(
        help_, message("one of {choices}", choices=list(choices)), _one_of(choices), words
    )


OPTIONS: dict[str, Option] = {
    "metric_srid": Option(
        say("coordinate system in which metres are measured: its EPSG code, such as 4549"),
        message("the EPSG code of a projected coordinate system in metres"),
        _srid,
    ),
    "time_zone": Option(
        say("time zone of the township's clock: days begin and end by it"),
        message("a time zone such as Asia/Shanghai"),
        _zone,
    ),
    "grid_rule": _choice(
        say("how exclusive grids (schools, markets) stand to basic ones"),
        GRID_RULES,
        {"hole": say("they cut holes in them"), "overlay": say("they lie over them")},
    ),
    "code_scheme": _choice(
        say("how areas and grids are coded"),
        CODE_SCHEMES,
        {"gb": say("12, 15 and 20 digits, as the national standard has it"), "free": say("freely")},
    ),
    "register_rule": _choice(
        say("what a worker enters into the register at the door"),
        REGISTER_RULES,
        {"at_once": say("counts at once"), "check": say("waits for the clerk's check")},
    ),
    "near_border_m": Option(
        say("a place so near to a border is said to be near it, metres"),
        message("a number of metres from 0 to 1000"),
        _metres,
    ),
    "public_minimum": Option(
        say("smaller counts of people and events are hidden from who has no right to exact ones"),
        message("a whole number from 0 to 1000"),
        _count,
    ),
}


def change_township(session: Session, code: str, changes: Sequence[str]) -> TownshipInfo:
    """Set ``name=value`` settings of a township; the township as it is then.

    Names that begin with ``limits.``, ``sizes.`` or ``keeping.`` are numbers with defaults, those with
    ``masking.`` say how much of a masked value is kept.

    Raises
    ------
    Invalid
        No such setting, or a value it cannot have; nothing is changed.
    """
    place = township(session, code)
    values: dict[str, Any] = {}
    thresholds = [change for change in changes if change.startswith(PREFIXES)]
    masks = [change for change in changes if change.startswith("masking.")]
    for change in changes:
        if change in thresholds or change in masks:
            continue
        name, _, value = change.partition("=")
        if name not in OPTIONS:
            raise Invalid(
                "There is no setting {name!r}; known: {known}.", name=name, known=list(OPTIONS)
            )
        try:
            values[name] = OPTIONS[name].parse(value)
        except ValueError:
            raise Invalid(
                "{name} cannot be {value!r}; it is {allowed}.",
                name=name,
                value=value,
                allowed=OPTIONS[name].allowed,
            ) from None
    if values:
        towns = Township.metadata.tables["township"]
        session.execute(update(towns).values(values).where(towns.c.area_id == place.id))
    if thresholds:
        change_thresholds(session, place.id, thresholds)
    if masks:
        change_masks(session, place.id, masks)
    return township(session, code)
