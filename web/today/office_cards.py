"""What waits in the office: corrections, drafts that ask a community, jobs, backups, the audit, accounts."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.core.plans import TownshipInfo
from gisgrid.jobs import drills, ordered
from gisgrid.people import today as people_today
from gisgrid.people.learning import drafts as learning
from gisgrid.people.privacy import backups as held
from gisgrid.people.privacy import corrections as asked
from gisgrid.people.privacy import subject_requests
from gisgrid.planning.snapshot.fetch import today
from web.http.dates import local
from web.http.permissions import may_ask
from web.http.towns import link_for
from web.register.words import COLUMN_WORDS
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
    if "answer_subjects" in rights:
        found.append(subjects(session, place, today(place)))
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
    lines = tuple(
        CardLine(
            gettext(COLUMN_WORDS.get(each.column, each.column)),
            link_for("corrections.index"),
            local(each.asked_at, place.time_zone),
        )
        for each in found[:FIRST]
    )
    return Card(
        "corrections", gettext("Corrections asked for"), len(found), link_for("corrections.index"), lines, "",
        gettext("Decide them"), gettext("No request waits."),
    )  # fmt: skip


def subjects(session: Session, place: TownshipInfo, day: date) -> Card:
    """People who ask what is held on them, until they have their answer; late where its day is past."""
    found = subject_requests.requests(session, place.id)
    late = sum(each.late(day) for each in found)
    ready = sum(each.state == "ready" for each in found)
    lines = []
    if late:
        lines.append(
            CardLine(gettext("overdue: %(n)s", n=late), link_for("subjects.index"), "", "red")
        )
    if ready:
        lines.append(
            CardLine(gettext("ready to be handed over: %(n)s", n=ready), link_for("subjects.index"))
        )
    if found:
        lines.append(CardLine(gettext("the first is due on %(day)s", day=found[0].due_on)))
    return Card(
        "subjects", gettext("People who ask what is held on them"), len(found), link_for("subjects.index"), tuple(lines),
        "red" if late else "yellow" if ready else "", gettext("Answer them"), gettext("Nobody asks."),
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
        lines.append(CardLine(gettext("No backup is known. Make one.")))
    return [
        Card(
            "backups", gettext("Backups"), len(found) or gettext("none"), link_for("backups.index"), tuple(lines),
            "" if stood else "yellow" if found else "red", gettext("See the backups"),
        )
    ]  # fmt: skip


def audit(session: Session, now: datetime) -> list[Card]:
    """Personal data opened in the last week, and whether the chain of the audit holds."""
    opened = people_today.opened_since(session, now)
    verdict, since = people_today.chain(session)
    broken = verdict.broken is not None
    runs = gettext("since %(first)s", first=since.date()) if since else gettext("last entry")
    return [
        Card(
            "opened", gettext("Personal data opened in 7 days"), sum(each.n for each in opened),
            url_for("audit.index", action="unmask", since=(now - timedelta(days=7)).date()),
            tuple(CardLine(each.account_name, None, f"{each.purpose or '—'} · {each.n}") for each in opened[:FIRST]),
            "", gettext("See who opened what"), gettext("Nobody opened any."),
        ),
        Card(
            "chain", gettext("Chain of the audit: %(n)s entries", n=verdict.entries),
            gettext("broken at entry %(n)s", n=verdict.broken) if broken else gettext("unbroken"),
            url_for("audit.index", verify=1),
            (CardLine(runs, None, verdict.last_hash[:16]),) if verdict.entries else (),
            "red" if broken else "", gettext("Compute it anew"),
        ),
    ]  # fmt: skip


def accounts(session: Session) -> Card:
    """Active accounts that log in with a password alone."""
    found = people_today.no_second_factor(session)
    return Card(
        "no_second_factor", gettext("Accounts without a second factor"), len(found),
        url_for("accounts.index", bare=1, state="on"),
        tuple(
            CardLine(each.display_name, None, f"{each.name} · " + (
                gettext("last log-in %(day)s", day=each.last_login_at.date()) if each.last_login_at else gettext("never logged in")))
            for each in found[:FIRST]
        ),
        "yellow" if found else "", gettext("Ask them to set one up"), gettext("Every account has one."),
    )  # fmt: skip
