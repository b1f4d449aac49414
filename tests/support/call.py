"""One request of the matrix of rights, and what may be heard where something is opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One request."""

    path: str
    method: str = "GET"
    form: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    opens: str = ""
    """The right that opens words for a purpose: with it, those of ``OPENED`` may be heard."""


OPENED = {
    "unmask": {
        "resident.name", "resident.citizen_id", "resident.phone", "resident.birth_date", "collection_answer.value",
    },
    # The clerk who decides what is asked of a record sees the record's value, too.
    "check_register": {
        "register_entry.said", "register_entry.was", "correction_request.proposed", "correction_request.asked_by",
        "resident.name", "resident.citizen_id", "resident.phone", "resident.birth_date",
    },
    "answer_subjects": {"subject_request.answer"},
    "see_events": {"event.text", "event.address", "event.reporter", "event.contact"},
}  # fmt: skip
"""Right to what its holder hears where something is opened for a purpose."""
