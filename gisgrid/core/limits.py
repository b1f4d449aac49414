"""From when on is something worth a planner's look? The thresholds of the checks, per township."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Literal, Self, get_args

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import Message, message, say


@dataclass(frozen=True)
class Numbers:
    """Numbers that a township may set otherwise; it stores those that differ from the defaults."""

    word: ClassVar[Message]

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """The defaults with what a township stored laid over them.

        Raises
        ------
        Invalid
            No such number, or a value that is no number of 0 or more.
        """
        names = {f.name for f in fields(cls)}
        for name, value in stored.items():
            if name not in names:
                raise Invalid(
                    "There is no {word} {name!r}; known: {known}.",
                    word=cls.word,
                    name=name,
                    known=sorted(names),
                )
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not math.isfinite(value) or value < 0:
                raise Invalid(
                    "The {word} {name} cannot be {value!r}; it is a number of 0 or more.",
                    word=cls.word,
                    name=name,
                    value=value,
                )
        return cls(**{name: float(value) for name, value in stored.items()})

    def stored(self) -> dict[str, float]:
        """Only what differs from the defaults, as a township keeps it."""
        usual = asdict(type(self)())
        return {name: value for name, value in asdict(self).items() if value != usual[name]}


@dataclass(frozen=True)
class Limits(Numbers):
    """Thresholds; a township's ``limits`` holds those that differ from these defaults.

    >>> Limits.of({"visit_days": 180}).visit_days
    180.0
    """

    word = message("limit")

    rounding_m: float = field(
        default=0.03,
        metadata={"help": say("faults thinner than this are rounding of coordinates, metres")},
    )
    sliver_m: float = field(
        default=1.0,
        metadata={"help": say("a gap or overlap thinner than this is a sliver, metres")},
    )
    sliver_m2: float = field(
        default=1.0,
        metadata={"help": say("a gap or overlap smaller than this is a sliver, square metres")},
    )
    visit_days: float = field(
        default=365.0,
        metadata={"help": say("a lived-in house is visited at least this often, days")},
    )
    walk_m: float = field(
        default=800.0,
        metadata={"help": say("longest walk from a house to a team post or station, metres")},
    )
    detour: float = field(
        default=1.3,
        metadata={"help": say("a walk over the straight line, where streets do not tell")},
    )
    sleep_days: float = field(
        default=180.0,
        metadata={"help": say("a grid without visit or event for this long sleeps, days")},
    )
    cluster_m: float = field(
        default=100.0,
        metadata={"help": say("events closer than this, in chains too, are one cluster, metres")},
    )
    cluster_events: float = field(
        default=10.0, metadata={"help": say("events that make a cluster, within sleep_days")}
    )
    new_stations: float = field(
        default=3.0, metadata={"help": say("how many new stations are proposed at most")}
    )


Measure = Literal["residents", "households", "houses"]
MEASURES: dict[str, Measure] = {m: m for m in get_args(Measure)}
"""In what the size of a grid is given."""


@dataclass(frozen=True)
class Size:
    """How large a grid of one kind should be, in one measure."""

    kind: str
    measure: str
    least: float
    target: float
    most: float


def sizes(stored: Mapping[str, Any]) -> list[Size]:
    """The sizes of ``township.sizes``: ``{"basic": {"residents": [min, target, max]}}``.

    Raises
    ------
    Invalid
        An unknown kind or measure, or numbers that are not min ≤ target ≤ max.
    """
    found = []
    for kind, measures in sorted(stored.items()):
        for measure, span in sorted(measures.items()):
            ok = (
                kind in ("basic", "exclusive")
                and measure in MEASURES
                and len(span) == 3
                and 0 <= span[0] <= span[1] <= span[2]
            )
            if not ok:
                raise Invalid(
                    "The size {kind}.{measure} = {span} is none: it is min, target, max of {known} for basic "
                    "or exclusive grids.",
                    kind=kind,
                    measure=measure,
                    span=span,
                    known=list(MEASURES),
                )
            found.append(Size(kind, measure, *map(float, span)))
    return found
