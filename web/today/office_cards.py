"""What waits in the office: drafts that ask a community, jobs of the worker, backups."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.core.plans import TownshipInfo
from gisgrid.jobs import drills, ordered
from gisgrid.people.learning import drafts as learning
from gisgrid.people.privacy import backups as held
from gisgrid.people.privacy import corrections as asked
from gisgrid.planning.snapshot.fetch import today
from web.http.dates import local
from web.http.permissions import may_ask
from web.http.towns import link_for
from web.today.cards import FIRST, Card, CardLine

A_WEEK = timedelta(days=7)
"""For so long a failure is news."""


def office(
    session: Session, place: TownshipInfo, now: datetime, rights: frozenset[str]
) -> list[Card]:
    """The cards of a township's office that the asker's rights open."""
    found: list[Card] = []
    if "check_register" in rights:
        found.append(corrections(session, place))
    if may_ask("documents.all_drafts"):
        found += drafts(session, place, today(place))
    if "administer" in rights:
        found += [jobs(session, place, now), *backups(session, place)]
    return found


def drafts(session: Session, place: TownshipInfo, day: date) -> list[Card]:
    """Drafts on which the asker's communities may still say something; none, where none asks them."""
    open_now = [each for each in learning.drafts(session, place.id) if each.open(day)]
    if not open_now:
        return []
    return [
        Card(
            "drafts", gettext("Drafts that ask for comments"), len(open_now), link_for("documents.all_drafts"),
            tuple(
                CardLine(each.title, link_for("documents.draft", number=each.id), gettext("comments until %(day)s", day=each.answer_by))
                for each in open_now[:FIRST]
            ),
            "yellow", gettext("Say something to them"),
        )
    ]  # fmt: skip


def corrections(session: Session, place: TownshipInfo) -> Card:
    """Values of the register that somebody says are wrong, of the ground where the asker decides."""
    found = asked.corrections(session, place.id, "open")
    return Card(
        "corrections", gettext("Corrections asked for"), len(found), link_for("corrections.index"), (), "",
        gettext("Decide them"), gettext("No request waits."),
    )  # fmt: skip


def jobs(session: Session, place: TownshipInfo, now: datetime) -> Card:
    """What the worker has before it, what failed, and whether it is awake."""
    found = ordered.jobs(session, place.id)
    seen = ordered.worker_seen(session)
    busy = sum(each.busy for each in found)
    failed = sum(
        each.state == "failed" and each.ended_at is not None and now - each.ended_at < A_WEEK
        for each in found
    )
    asleep = seen is None or now - seen >= ordered.AWAKE
    lines = []
    if asleep:
        since = local(seen, place.time_zone) if seen else gettext("never")
        lines.append(CardLine(gettext("The worker is not awake"), link_for("jobs.index"), gettext("last heard of: %(at)s", at=since), "red"))  # fmt: skip
    if failed:
        lines.append(
            CardLine(
                gettext("%(n)s failed within a week", n=failed),
                link_for("jobs.index", state="failed"),
            )
        )
    return Card(
        "jobs", gettext("Background jobs that wait or run"), str(busy) if lines else busy, link_for("jobs.index"), tuple(lines),
        "red" if asleep else "", gettext("See the jobs"), gettext("Nothing waits for the worker."),
    )  # fmt: skip


def backups(session: Session, place: TownshipInfo) -> list[Card]:
    """The backups that there are, and whether one was ever read back; for who administers the whole store."""
    if not held.whole_store(session):
        return []
    found = held.backups(session)
    done = next((each for each in drills.drills(session) if not each.busy), None)
    stood = done is not None and done.stood
    lines = [CardLine(gettext("the newest is of %(at)s", at=local(found[-1].made_at, place.time_zone)))] if found else []  # fmt: skip
    if found:
        said = gettext("read back whole on %(at)s", at=local(done.ended_at, place.time_zone)) if done and stood and done.ended_at else gettext("the last drill did not bring all back") if done else gettext("none was ever read back")  # fmt: skip
        lines.append(CardLine(said, link_for("backups.index"), "", "" if stood else "yellow"))
    else:
        lines.append(
            CardLine(
                gettext("No backup is known. Have one made at the server: gisgrid db backup FILE.")
            )
        )
    return [
        Card(
            "backups", gettext("Backups"), len(found) or gettext("none"), link_for("backups.index"), tuple(lines),
            "" if stood else "yellow" if found else "red", gettext("See the backups"),
        )
    ]  # fmt: skip
