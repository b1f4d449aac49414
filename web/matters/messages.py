"""What the rule book calls the fields of a rule, and what it says of them, in the reader's language."""

from __future__ import annotations

from functools import cache

from flask_babel import gettext

from gisgrid.cases.flow import own_flow
from gisgrid.cases.matters import shown
from web.cases.messages import level_words
from web.http.language import language, worded


def field_words() -> dict[str, str]:
    """Of a rule, in the order of the book."""
    return {
        "decider": gettext("Decided by"),
        "office": gettext("Responsible office"),
        "acts": gettext("Done by"),
        "informs": gettext("Told to"),
        "time_limit": gettext("Time limit"),
        "limits": gettext("Limits of the steps"),
        "filing_rule": gettext("Is filed if"),
        "closing_rule": gettext("Is closed if"),
        "asks_photo": gettext("Photo after the work"),
        "skills": gettext("Skills"),
        "note": gettext("Note"),
        "duplicate_m": gettext("The same within metres"),
        "duplicate_h": gettext("The same within hours"),
        "consent": gettext("Temporary, agreed by"),
        "since": gettext("First day"),
        "until": gettext("Last day"),
        "name": gettext("Name of the item"),
        "name_en": gettext("English name"),
        "major": gettext("Group of matters"),
        "major_en": gettext("Group of matters in English"),
    }


def duty_words() -> dict[str, tuple[str, str]]:
    """Of the duty matrix: the letter of each part, and what it means."""
    return {
        "decider": (gettext("D"), gettext("decides")),
        "acts": (gettext("A"), gettext("does the work")),
        "informs": (gettext("I"), gettext("is told")),
    }


def said(field: str, value: object) -> str:
    """A field of a rule in words; empty for none."""
    if field in ("decider", "acts") and isinstance(value, str):
        return level_words().get(value, value)
    if field == "informs" and isinstance(value, tuple):
        return str(gettext(", ")).join(level_words().get(str(v), str(v)) for v in value)
    if field == "time_limit" and isinstance(value, str):
        return limit_words(value)
    if field == "limits" and isinstance(value, dict):
        names = _clock_names(language())
        order = [*(k for k in names if k in value), *(k for k in value if k not in names)]
        return "; ".join(f"{names.get(k, k)} {limit_words(value[k])}" for k in order)
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    return f"{value:g}" if isinstance(value, float) else shown(value)


def limit_words(limit: str) -> str:
    """A limit such as ``4 working_hours``.

    A word that is no unit is told as it is.
    """
    n, _, unit = limit.partition(" ")
    words = {
        "working_minutes": gettext("%(n)s working minutes", n=n),
        "working_hours": gettext("%(n)s working hours", n=n),
        "working_days": gettext("%(n)s working days", n=n),
        "clock_minutes": gettext("%(n)s minutes, day and night", n=n),
        "clock_hours": gettext("%(n)s hours, day and night", n=n),
        "clock_days": gettext("%(n)s days, holidays too", n=n),
    }
    return str(words.get(unit, limit))


def unit_words(unit: str) -> str:
    """A unit of limits, without a number."""
    return limit_words(f"… {unit}").replace("…", "").strip()


@cache
def _clock_names(language_: str) -> dict[str, str]:
    clocks = own_flow("normal").clocks
    return {name: worded(clock) for name, clock in clocks.items()}
