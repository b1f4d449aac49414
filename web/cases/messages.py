"""What a case's page calls levels, roles, colours and times, in the reader's language."""

from __future__ import annotations

from flask_babel import gettext

from gisgrid.cases.clock import Clock
from gisgrid.core.messages import say
from gisgrid.core.roles import ROLES
from web.http.language import spoken

_DAY = 1_000_000_000
SHORT_REASONS = (
    say("Not in my grid"), say("Not a matter of ours"), say("Nothing is there"), say("I am not on duty"),
)  # fmt: skip
"""Why a case is given back in one tap; kept as they stand here, and read in the reader's language."""


def reason_words(reason: str) -> str:
    """A reason as the reader reads it: one that was tapped in their language, any other as it was written."""
    return str(gettext(reason)) if reason in SHORT_REASONS else reason


def level_words() -> dict[str, str]:
    return {
        "residents": gettext("Residents"),
        "grid": gettext("Grid"),
        "community": gettext("Community"),
        "section": gettext("Section"),
        "township": gettext("Township"),
    }


def colour_words() -> dict[str, str]:
    """Of a clock, so that a colour is never the only sign."""
    return {
        "green": gettext("in time"),
        "yellow": gettext("due soon"),
        "red": gettext("late"),
        "paused": gettext("stands still"),
        "unknown": gettext("cannot be told"),
        "met": gettext("met"),
        "missed": gettext("missed"),
        "done": gettext("closed"),
    }


def role_word(name: str) -> str:
    if name == "system":
        return str(gettext("the program"))
    role = ROLES.get(name)
    return name if role is None else role.in_language(spoken())


def map_words() -> dict[str, str]:
    return {
        "move": gettext("Drag the pin, or click where it belongs."),
        "spot": gettext("Spot"),
    }


def time_left(clock: Clock, left: int | None) -> str:
    """What is left of a clock's limit, or how much it is over; empty where nothing can be said."""
    if left is None:
        return ""
    words = _span(abs(left), clock.limit.unit)
    if clock.limit.unit.startswith("working"):
        said = (
            gettext("%(span)s of working time over", span=words)
            if left < 0
            else gettext("%(span)s of working time left", span=words)
        )
    else:
        said = (
            gettext("%(span)s over", span=words)
            if left < 0
            else gettext("%(span)s left", span=words)
        )
    return str(said)


def _span(units: int, unit: str) -> str:
    if unit.endswith("days"):
        return str(gettext("%(n)s days", n=f"{units / _DAY:.1f}".removesuffix(".0")))
    hours, minutes = divmod(units // 60, 60)
    if unit.startswith("clock") and hours >= 48:
        return str(gettext("%(n)s days", n=hours // 24))
    if hours:
        return str(gettext("%(h)s h %(m)s min", h=hours, m=minutes))
    return str(gettext("%(m)s min", m=minutes))
