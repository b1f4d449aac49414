"""Which values of the register does each purpose want, and what are they called?

The purpose list is the data inventory: what is declared for a purpose is what it needs. Values that may rightly be
empty are not counted as missing: the room of a house of one household, and special needs, which most people have not.
"""

from __future__ import annotations

from gisgrid.core.messages import say
from gisgrid.people.privacy.data_inventory import FIELDS

RESIDENT = ("name", "sex", "birth_date", "citizen_id", "phone", "verified_on")
HOUSEHOLD = ("verified_on",)
FIELD_WORDS: dict[str, str] = {
    "household.verified_on": say("Verification of the household"),
    "resident.name": say("Name"),
    "resident.sex": say("Sex"),
    "resident.birth_date": say("Day of birth"),
    "resident.citizen_id": say("Identity number"),
    "resident.phone": say("Telephone"),
    "resident.verified_on": say("Verification of the person"),
}
"""What is counted, in the order in which pages show it."""


def purpose_list(purpose: str) -> tuple[str, ...]:
    """The counted values that are declared for a purpose, in the order of ``FIELD_WORDS``.

    >>> purpose_list("emergency")
    ('resident.phone',)
    >>> purpose_list("training")
    ()
    """
    declared = {
        f"{field.table}.{column}"
        for field in FIELDS
        if purpose in field.purposes
        for column in field.columns
    }
    return tuple(name for name in FIELD_WORDS if name in declared)


def purposes() -> tuple[str, ...]:
    """Purposes whose list has values of the register.

    >>> purposes()
    ('care', 'emergency', 'event', 'verify')
    """
    named = {purpose for field in FIELDS for purpose in field.purposes}
    return tuple(sorted(each for each in named if purpose_list(each)))
