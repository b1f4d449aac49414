"""Lists of the office as sheets of a workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from flask_babel import gettext

from gisgrid.cases.open_problems import OpenProblem
from gisgrid.files.exports import Sheet
from gisgrid.jobs.ordered import OrderedJob
from gisgrid.loading.desk import Listed
from gisgrid.people.learning.documents import Issued
from gisgrid.people.learning.sessions import Profile, TrainingSession
from gisgrid.register.today import ToVisit
from web.http.dates import on_the_clock
from web.http.lists import sheet
from web.office import job_words
from web.office.import_words import KIND_WORDS, STAGE_WORDS


def visits(found: Sequence[ToVisit]) -> Sheet:
    """The houses that nobody saw for long."""
    return sheet(
        gettext("Houses to visit"),
        [
            (gettext("Address"), [each.address for each in found]),
            (gettext("Grid"), [each.grid for each in found]),
            (gettext("Grid code"), [each.grid_code for each in found]),
            (gettext("Last seen"), [each.last_on for each in found]),
        ],
    )


def problems(found: Sequence[OpenProblem]) -> Sheet:
    """The ledger."""
    return sheet(
        gettext("Long-term problems"),
        [
            (gettext("Number in the ledger"), [each.code for each in found]),
            (gettext("Problem"), [each.title for each in found]),
            (gettext("Community"), [each.community for each in found]),
            (gettext("Supervisor"), [each.supervisor for each in found]),
            (gettext("Open since"), [each.opened_on for each in found]),
            (gettext("Look again on"), [each.review_on for each in found]),
            (gettext("Reviews"), [each.reviews for each in found]),
            (gettext("Solved on"), [each.solved_on for each in found]),
        ],
    )


def imports(found: Sequence[Listed], time_zone: str) -> Sheet:
    """The files and loads, with their counts."""
    return sheet(
        gettext("Import"),
        [
            (gettext("Date and time"), [on_the_clock(each.at, time_zone) for each in found]),
            (gettext("File name"), [each.file_name for each in found]),
            (gettext("SHA-256"), [each.sha256 for each in found]),
            (gettext("Run"), [each.run_id for each in found]),
            (gettext("Holds"), [_kind(each) for each in found]),
            (gettext("Township"), [each.township for each in found]),
            (gettext("Who"), [each.who for each in found]),
            (gettext("Added"), [each.counts.get("inserted") for each in found]),
            (gettext("Changed"), [each.counts.get("updated") for each in found]),
            (gettext("Refused"), [each.counts.get("refused") for each in found]),
            (gettext("State"), [_stage(each) for each in found]),
        ],
    )


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
                [", ".join(parts[r] for r in each.roles) for each in found],
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
            (gettext("Part"), [", ".join(parts[role] for role in each.roles) for each in found]),
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


def jobs(found: Sequence[OrderedJob], now: datetime, time_zone: str) -> Sheet:
    """What was ordered of the worker."""
    return sheet(
        gettext("Background jobs"),
        [
            (gettext("Job"), [job_words.kind(each) for each in found]),
            (gettext("About"), [each.about for each in found]),
            (gettext("Asked by"), [each.who for each in found]),
            (gettext("Since"), [on_the_clock(each.asked_at, time_zone) for each in found]),
            (gettext("Ended"), [on_the_clock(each.ended_at, time_zone) for each in found]),
            (gettext("State"), [job_words.state(each) for each in found]),
            (gettext("Seconds"), [job_words.seconds(each, now) for each in found]),
            (gettext("Why it failed"), [job_words.failed(each) for each in found]),
        ],
    )


def _kind(each: Listed) -> str | None:
    return gettext(KIND_WORDS[each.kind]) if each.kind in KIND_WORDS else each.kind


def _stage(each: Listed) -> str:
    """What the page's badge says."""
    if each.undoes_id:
        return str(gettext("takes back run %(n)s", n=each.undoes_id))
    if each.state in ("waiting", "running"):
        return str(gettext("being worked on"))
    if each.state == "failed" and each.stage not in ("imported", "undone"):
        return str(gettext("refused"))
    return str(gettext(STAGE_WORDS[each.stage]))
