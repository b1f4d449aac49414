"""Every setting of a township as it describes itself: what it means, what it can be, what it is, who changed it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.limits import MEASURES, Limits, Numbers
from gisgrid.core.messages import Message, message, say
from gisgrid.core.plans import TownshipInfo
from gisgrid.core.retention_periods import Keeping
from gisgrid.people.privacy.masking import MASKS
from gisgrid.planning.settings.townships import OPTIONS

GRID_KINDS = {"basic": say("basic grids"), "exclusive": say("exclusive grids")}
MEASURE_WORDS = {
    "residents": say("residents"),
    "households": say("households"),
    "houses": say("houses"),
}


@dataclass(frozen=True)
class SettingChanged:
    """One change of one setting."""

    name: str
    was: str | None
    became: str | None
    """None: the usual value."""
    who: str
    at: datetime


@dataclass(frozen=True)
class DescribedSetting:
    """One setting with what a form of it needs."""

    name: str
    """As `gisgrid township --set` writes it."""
    help: Message
    value: str
    """What the township has set; empty: the usual one counts."""
    usual: str
    """What counts where nothing is set; empty: nothing."""
    allowed: Message | None
    choices: dict[str, str]
    """Value to what it means; empty: it is written."""
    last: SettingChanged | None


@dataclass(frozen=True)
class SettingGroup:
    """Settings of one kind."""

    key: str
    title: str
    about: str
    settings: tuple[DescribedSetting, ...]


def described(session: Session, place: TownshipInfo) -> list[SettingGroup]:
    """All settings of a township, in groups; nothing is listed by hand here but the groups."""
    row = session.execute(
        text("SELECT * FROM township WHERE area_id = :t"),
        {"t": place.id},
    ).one()
    last = {change.name: change for change in reversed(changes(session, place.id, limit=10_000))}

    def one(name: str, help_: Message, value: object, **more: Any) -> DescribedSetting:
        known = {"usual": "", "allowed": None, "choices": {}} | more
        return DescribedSetting(name, help_, _written(value), last=last.get(name), **known)

    options = tuple(
        one(name, message(option.help), getattr(row, name), allowed=option.allowed, choices=option.choices)
        for name, option in OPTIONS.items()
    )  # fmt: skip
    spans = tuple(
        one(
            f"sizes.{kind}.{measure}",
            message(
                "{measure} of {kind}: least, target, most", measure=message(words), kind=message(of)
            ),
            row.sizes.get(kind, {}).get(measure),
            allowed=message("three numbers with commas, ascending"),
        )
        for kind, of in GRID_KINDS.items()
        for measure, words in MEASURE_WORDS.items()
        if measure in MEASURES
    )
    masks = tuple(
        one(f"masking.{name}", message(help_), row.masking.get(name), usual=usual)
        for name, (help_, usual) in MASKS.items()
    )
    number = message("a number of 0 or more")
    return [
        SettingGroup("general", say("The township"), "", options),
        SettingGroup("sizes", say("Sizes of grids"), say("What the plan editor aims at and the checks ask for."), spans),
        SettingGroup("limits", say("Limits of the checks"), say("From when on something is worth a look."), tuple(
            one(name, message(help_), value, usual=usual, allowed=number)
            for name, help_, value, usual in _numbers("limits", Limits, row.limits))),
        SettingGroup("masking", say("Masking"), say("How much of what is masked is shown; never more than the usual."), masks),
        SettingGroup("keeping", say("Retention"), say("Days that personal data is kept; what is older is deleted by the retention run."), tuple(
            one(name, message(help_), value, usual=usual, allowed=message("days, a number of 0 or more"))
            for name, help_, value, usual in _numbers("keeping", Keeping, row.keeping))),
    ]  # fmt: skip


def changed(groups: list[SettingGroup], sent: dict[str, str]) -> list[str]:
    """Which settings a form changes, as ``name=value``; those it does not name stay."""
    written = {name: value.strip().replace("，", ",") for name, value in sent.items()}
    return [
        f"{each.name}={written[each.name]}"
        for group in groups
        for each in group.settings
        if each.name in written and written[each.name] != each.value
    ]


def changes(session: Session, township_id: int, *, limit: int = 50) -> list[SettingChanged]:
    """The newest changes first."""
    rows = session.execute(
        text(
            "SELECT name, was, became, who, at FROM setting_change WHERE township_id = :t "
            "ORDER BY id DESC LIMIT :limit"
        ),
        {"t": township_id, "limit": limit},
    ).mappings()
    return [
        SettingChanged(**{**row, "was": _stored(row["was"]), "became": _stored(row["became"])})
        for row in rows
    ]


def newest_change(session: Session, township_id: int) -> int:
    """Number of the newest change, which a form keeps that shows the settings; 0 without any."""
    asked = text("SELECT coalesce(max(id), 0) FROM setting_change WHERE township_id = :t")
    return int(session.scalar(asked, {"t": township_id}) or 0)


def _numbers(
    prefix: str, of: type[Numbers], stored: dict[str, Any]
) -> list[tuple[str, str, object, str]]:
    usual = of()
    return [
        (f"{prefix}.{f.name}", f.metadata["help"], stored.get(f.name), _written(getattr(usual, f.name)))
        for f in fields(of)
    ]  # fmt: skip


def _stored(value: str | None) -> str | None:
    """As a form writes it: without the brackets and the zeros that the store adds."""
    if value is None:
        return None
    return re.sub(r"(\d)\.0(?=$|,)", r"\1", value.strip("[]").replace(", ", ","))


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ",".join(_written(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
