"""How many minutes a month things cost: data with a version, kept per township."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import say

MONTH_DAYS = 365.25 / 12


@dataclass(frozen=True)
class Weights:
    """Minutes and rates; these defaults are a first guess, to be replaced by a township's own.

    >>> Weights.of("mine", {"household_min": 4}).household_min
    4.0
    """

    version: str = "default"
    household_min: float = field(
        default=6.0, metadata={"help": say("keeping the register of a household, minutes a month")}
    )
    resident_min: float = field(
        default=3.0, metadata={"help": say("of a resident, minutes a month")}
    )
    need_min: Mapping[str, float] = field(
        default_factory=lambda: {
            "living_alone": 40.0,
            "disabled": 25.0,
            "child_alone": 40.0,
            "chronic_illness": 10.0,
            "low_income": 10.0,
        },
        metadata={"help": say("looking after a resident with this need, minutes a month each")},
    )
    event_min: float = field(
        default=45.0,
        metadata={"help": say("usual minutes of an event, where its matter says none")},
    )
    matter_min: Mapping[str, float] = field(
        default_factory=dict,
        metadata={"help": say("usual minutes of an event by code of its minor or major item")},
    )
    event_months: float = field(
        default=12.0, metadata={"help": say("months before the day whose events count")}
    )
    visit_min: float = field(
        default=15.0, metadata={"help": say("a visit to a household, minutes")}
    )
    visit_every_days: float = field(
        default=90.0, metadata={"help": say("days between two visits to a household")}
    )
    stops_per_round: float = field(
        default=8.0, metadata={"help": say("visits that share one way there and back")}
    )
    walk_m_per_min: float = field(
        default=70.0, metadata={"help": say("walking pace, metres a minute")}
    )
    detour: float = field(
        default=1.3,
        metadata={"help": say("a walk over the straight line, where streets do not tell")},
    )
    posts: Mapping[str, float] = field(
        default_factory=lambda: {
            "leader": 1.0,
            "worker": 1.0,
            "sinking_force": 0.5,
            "social_force": 0.2,
        },
        metadata={"help": say("part of a post that a member of this role fills")},
    )

    @classmethod
    def of(cls, version: str, stored: Mapping[str, Any]) -> Weights:
        """The weights of a version: the defaults with ``stored`` laid over them.

        Raises
        ------
        Invalid
            No such weight, a value that is no number of 0 or more, or a rate of 0 that divides.
        """
        usual = cls(version=version)
        values: dict[str, Any] = {}
        for name, value in stored.items():
            if name == "version" or name not in {f.name for f in fields(cls)}:
                raise Invalid("There is no weight {name!r}.", name=name)
            now = getattr(usual, name)
            if isinstance(now, Mapping):
                if not isinstance(value, Mapping):
                    raise _bad(name, value)
                known = {} if name == "matter_min" else now
                for key in value:
                    if known and key not in known:
                        raise Invalid(
                            "{name} knows {known}, not {key!r}.",
                            name=name,
                            known=list(known),
                            key=key,
                        )
                values[name] = {
                    **now,
                    **{str(k): _number(f"{name}.{k}", v) for k, v in value.items()},
                }
            else:
                values[name] = _number(name, value)
        for name in ("event_months", "visit_every_days", "stops_per_round", "walk_m_per_min"):
            if values.get(name, 1.0) <= 0:
                raise _bad(name, values[name])
        return cls(version=version, **values)

    def stored(self) -> dict[str, Any]:
        """All weights without the version, as the store and a plan's recipe keep them."""
        return {name: value for name, value in asdict(self).items() if name != "version"}

    def minutes_of(self, minor: str, major: str) -> float:
        """Usual minutes of an event: by its minor item, else its major one, else the general."""
        return self.matter_min.get(minor, self.matter_min.get(major, self.event_min))


def _number(name: str, value: object) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not math.isfinite(value) or value < 0:  # type: ignore[arg-type, operator]
        raise _bad(name, value)
    return float(value)  # type: ignore[arg-type]


def _bad(name: str, value: object) -> Invalid:
    return Invalid("The weight {name} cannot be {value!r}.", name=name, value=value)
