"""The settings of a township, and changing them."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.crs import is_metric
from gisgrid.core.errors import Invalid
from gisgrid.core.plans import TownshipInfo, township
from gisgrid.db.tables.places import CODE_SCHEMES, GRID_RULES
from gisgrid.db.tables.register_entries import REGISTER_RULES
from gisgrid.people.privacy.masking import change_masks
from gisgrid.planning.settings.thresholds import PREFIXES, change_thresholds


def _srid(value: str) -> int:
    if not value.isdigit() or not is_metric(int(value)):
        raise ValueError("the EPSG code of a projected coordinate system in metres")
    return int(value)


def _zone(value: str) -> str:
    if value not in zoneinfo.available_timezones():
        raise ValueError("a time zone such as Asia/Shanghai")
    return value


def _metres(value: str) -> float:
    metres = float(value)
    if not 0 <= metres <= 1000:
        raise ValueError("a number of metres from 0 to 1000")
    return metres


def _count(value: str) -> int:
    if not value.isdecimal() or int(value) > 1000:
        raise ValueError("a whole number from 0 to 1000")
    return int(value)


def _one_of(choices: Sequence[str]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value

    return parse


OPTIONS: dict[str, Callable[[str], Any]] = {
    "metric_srid": _srid,
    "time_zone": _zone,
    "grid_rule": _one_of(GRID_RULES),
    "code_scheme": _one_of(CODE_SCHEMES),
    "register_rule": _one_of(REGISTER_RULES),
    "near_border_m": _metres,
    "public_minimum": _count,
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
            values[name] = OPTIONS[name](value)
        except ValueError as exc:
            raise Invalid(
                "{name} cannot be {value!r}; it is {exc}.", name=name, value=value, exc=exc
            ) from None
    if values:
        sets = ", ".join(f"{name} = :{name}" for name in values)
        session.execute(
            text(f"UPDATE township SET {sets} WHERE area_id = :id"),  # noqa: S608 - names are ours
            {**values, "id": place.id},
        )
    if thresholds:
        change_thresholds(session, place.id, thresholds)
    if masks:
        change_masks(session, place.id, masks)
    return township(session, code)
