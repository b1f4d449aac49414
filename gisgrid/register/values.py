"""What may a value of the register be? By the same rules as a loaded file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import Message, message, say
from gisgrid.files import cells, times
from gisgrid.files.cells import Parsed
from gisgrid.files.columns import KINDS, Column
from gisgrid.files.findings import REASONS
from gisgrid.files.frames import Cells

NEED_WORDS = {
    "living_alone": say("Lives alone"),
    "disabled": say("Disabled"),
    "child_alone": say("Child left behind"),
    "chronic_illness": say("Chronic illness"),
    "low_income": say("Low income"),
}


def stored_value(
    kind: str, column: str, written: str, *, called: Message | None = None
) -> str | None:
    """A value as it would be stored, out of what somebody wrote; None: nothing.

    Parameters
    ----------
    kind
        Of file (``residents``, ``households``, …) whose columns say what it may hold.
    called
        What a person knows the column as; None: by its name.

    Raises
    ------
    Invalid
        It cannot have this value; the message says why.
    """
    rule = next(c for c in KINDS[kind].columns if c.name == column)
    parsed = _PARSERS.get(rule.parser, _texts)(np.array([written], dtype=object), rule)
    for reason, mask in parsed.rejected:
        if mask[0]:
            found = REASONS[reason]
            raise Invalid(
                "{column}: {found}",
                column=called or column,
                found=message(found.en),
                reason=reason,
            )
    value = parsed.values[0]
    if rule.required and value is None:
        raise Invalid("{column} cannot be empty.", column=called or column)
    return None if value is None or value == "" else str(value)


def _texts(given: Cells, rule: Column) -> Parsed:
    return cells.texts(given)


def _days(given: Cells, rule: Column) -> Parsed:
    values, bad = times.dates(cells.trim(given))
    return Parsed(values, [("date", bad)])


_PARSERS: dict[str, Callable[[Cells, Column], Parsed]] = {
    "citizen_id": lambda given, rule: cells.citizen_ids(given),
    "phone": lambda given, rule: cells.phones(given),
    "needs": lambda given, rule: cells.needs(given),
    "choice": lambda given, rule: cells.choices(given, rule.choices),
    "date": _days,
}
