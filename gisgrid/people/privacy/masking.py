"""Changes how a township masks: ``masking.phone=3,4`` keeps three characters at the front, four at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.core.messages import say

_NUMBERS = {"name": 1, "citizen_id": 2, "phone": 2}
"""How many numbers each takes: characters kept in front, and at the end."""
_MOST_KEPT = {"name": 1, "citizen_id": 10, "phone": 7}
"""More in all would leave nothing to hide."""
_BIRTH = ("year", "hidden")

MASKS: dict[str, tuple[str, str]] = {
    "name": (say("of a resident's name: characters kept in front, 0 or 1"), "1"),
    "citizen_id": (
        say("of an identity number: digits kept in front and at the end, as 6,4"),
        "6,4",
    ),
    "phone": (say("of a telephone number: digits kept in front and at the end, as 3,4"), "3,4"),
    "birth_date": (say("of a day of birth: the year, or nothing"), "year"),
}
"""Rule to what it means, and the usual one."""


def change_masks(session: Session, township_id: int, changes: Sequence[str]) -> None:
    """Set or, with an empty value, forget rules of masking; all or none.

    Raises
    ------
    Invalid
        No such rule, or one that would show more than the usual.
    """
    masking = dict(
        session.execute(
            text("SELECT masking FROM township WHERE area_id = :t FOR UPDATE"), {"t": township_id}
        ).scalar_one()
    )
    for change in changes:
        name, _, value = change.removeprefix("masking.").partition("=")
        masking.pop(name, None)
        masking |= {name: _rule(name, value)} if value else {}
    session.execute(
        text("UPDATE township SET masking = CAST(:masking AS jsonb) WHERE area_id = :t"),
        {"masking": json.dumps(masking), "t": township_id},
    )


def _rule(name: str, value: str) -> list[int] | str:
    if name == "birth_date" and value in _BIRTH:
        return value
    parts = value.split(",")
    if len(parts) == _NUMBERS.get(name) and all(part.strip().isdecimal() for part in parts):
        kept = [int(part) for part in parts]
        if sum(kept) <= _MOST_KEPT[name]:
            return kept
    raise Invalid(
        "masking.{name} cannot be {value!r}; write masking.name=1, masking.citizen_id=6,4, masking.phone=3,4 "
        "(or fewer), masking.birth_date=year or hidden.",
        name=name,
        value=value,
    )
