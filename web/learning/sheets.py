"""What people read and learn, as sheets of a workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from flask_babel import gettext

from gisgrid.files.exports import Sheet
from gisgrid.people.learning.documents import Issued
from gisgrid.people.learning.sessions import Attendee, Profile, TrainingSession
from web.http.lists import sheet


def documents(found: Sequence[Issued], day: date, parts: Mapping[str, str]) -> Sheet:
    """What is issued, and how many of those asked have read it."""
    return sheet(
        gettext("Documents"),
        [
            (gettext("Document code"), [each.code for each in found]),
            (gettext("Title"), [each.title for each in found]),
            (gettext("Version"), [each.number for each in found]),
            (gettext("Issued on"), [each.issued_on for each in found]),
            (gettext("To be read by"), [each.due_on for each in found]),
            (
                gettext("Parts that are asked"),
                [", ".join(parts.get(r, r) for r in each.roles) for each in found],
            ),
            (
                gettext("Communities that are asked"),
                [", ".join(each.communities) for each in found],
            ),
            (gettext("Asked"), [each.asked for each in found]),
            (gettext("Have read it"), [each.read for each in found]),
            (gettext("Late"), [each.late(day) for each in found]),
        ],
    )


def trainings(found: Sequence[TrainingSession], kinds: Mapping[str, str]) -> Sheet:
    """The sessions, with how many took part."""
    return sheet(
        gettext("Training sessions"),
        [
            (gettext("Code of the session"), [each.code for each in found]),
            (gettext("Topic"), [each.course for each in found]),
            (gettext("Kind"), [kinds[each.kind] for each in found]),
            (gettext("Day"), [each.held_on for each in found]),
            (gettext("Hours"), [each.hours for each in found]),
            (gettext("Where"), [each.place for each in found]),
            (gettext("Counts until"), [each.expires_on for each in found]),
            (gettext("Took part"), [each.attended for each in found]),
        ],
    )


def profiles(
    found: Sequence[Profile],
    parts: Mapping[str, str],
    ages: Mapping[str, str],
    schooling: Mapping[str, str],
) -> Sheet:
    """What is known of people to plan their training by."""
    return sheet(
        gettext("People and their profiles"),
        [
            (gettext("Staff code"), [each.staff for each in found]),
            (gettext("Name"), [each.name for each in found]),
            (gettext("Grids"), [", ".join(each.grids) for each in found]),
            (
                gettext("Part"),
                [", ".join(parts.get(role, role) for role in each.roles) for each in found],
            ),
            (gettext("Age band"), [ages.get(each.age_band or "") for each in found]),
            (gettext("Schooling"), [schooling.get(each.schooling or "") for each in found]),
            (gettext("Qualifications"), ["; ".join(each.qualifications) for each in found]),
            (gettext("Hours"), [each.hours for each in found]),
            (
                gettext("Training counts"),
                [gettext("yes") if each.trained else gettext("no") for each in found],
            ),
            (gettext("Counts until"), [each.expires_on for each in found]),
        ],
    )


def attendance(found: Sequence[Attendee], parts: Mapping[str, str]) -> Sheet:
    """Who was in a team on the day of a session, and whether they took part."""
    return sheet(
        gettext("Who took part"),
        [
            (gettext("Staff code"), [each.staff for each in found]),
            (gettext("Name"), [each.name for each in found]),
            (gettext("Part"), [", ".join(parts.get(r, r) for r in each.roles) for each in found]),
            (gettext("Grids"), [", ".join(each.grids) for each in found]),
            (gettext("Took part"), [gettext("yes") if each.attended else gettext("no") for each in found]),
        ],
    )  # fmt: skip
