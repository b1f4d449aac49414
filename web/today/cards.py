"""The numbers that wait for somebody, each with its first few, the list it counts, and the next step."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from flask import url_for
from flask_babel import gettext
from sqlalchemy.orm import Session

from gisgrid.cases import board, notices
from gisgrid.cases import community_rules as rules
from gisgrid.cases import today as cases_today
from gisgrid.cases.board import Row
from gisgrid.cases.board_filters import Filters
from gisgrid.cases.flow import flow_read
from gisgrid.cases.today import CasesNow
from gisgrid.core.plans import TownshipInfo
from gisgrid.people.learning import reading as learning
from gisgrid.planning.overview.today import PlanOnItsWay, to_come
from gisgrid.planning.snapshot.fetch import limits_of
from gisgrid.register import entries, households
from gisgrid.register import today as register_today
from web.cases.rows import colour
from web.http.dates import local, zone_of
from web.http.language import language
from web.http.towns import link_for, several_towns
from web.register.words import KIND_WORDS

FIRST = 3
"""Of each list that are shown."""


@dataclass(frozen=True)
class CardLine:
    """One of what waits."""

    text: str
    url: str | None = None
    soft: str = ""
    tone: str = ""
    """``red``, ``yellow`` or nothing."""


@dataclass(frozen=True)
class Card:
    """A number that waits; ``url`` leads to the list whose rows it counts."""

    key: str
    title: str
    number: int | str
    url: str | None = None
    lines: tuple[CardLine, ...] = ()
    tone: str = ""
    step: str = ""
    """What to do next, as the link to ``url`` says it."""
    empty: str = ""
    """What is said where nothing waits."""


def own_cases(session: Session, now: datetime) -> Card:
    """Open cases of the asker."""
    rows = board.mine(session)
    late = sum(colour(row, now) == "red" for row in rows)
    return Card(
        "mine", gettext("My cases"), len(rows), url_for("cases.mine"), _case_lines(rows, now, None),
        "red" if late else "", gettext("Work on them"), gettext("No case waits for you."),
    )  # fmt: skip


def calls(session: Session) -> Card:
    """Calls of emergencies and reminders of long-term problems."""
    found = notices.waiting(session)
    lines = tuple(
        CardLine(
            gettext("Emergency: %(what)s", what=each.matter or "")
            if each.kind == "call"
            else gettext("Look again: %(what)s", what=each.problem or ""),
            url_for("notices.show"),
            local(each.at, each.time_zone),
            "red" if each.kind == "call" else "yellow",
        )
        for each in found[:FIRST]
    )
    return Card(
        "calls", gettext("Calls"), len(found), url_for("notices.show"), lines,
        "red" if any(each.kind == "call" for each in found) else "", gettext("Take note"),
        gettext("No call and no reminder waits for you."),
    )  # fmt: skip


def town_cases(
    session: Session,
    place: TownshipInfo,
    now: datetime,
    counted: CasesNow,
    *,
    sends: bool,
    roles: Collection[str],
) -> list[Card]:
    """The open cases of a township, by what they wait for; ``sends``: the asker sends cases out.

    A next step is promised to who may take it in the usual flow; others are led there to see.
    """
    steps = flow_read(session, place.id, "normal").steps.values()
    may = {step.means for step in steps if set(roles) & set(step.who)}

    def step(means: str, words: str) -> str:
        return words if means in may else gettext("See them")

    kinds = [
        ("late", gettext("Late"), counted.late, Filters(due="late"), "red", gettext("See what holds them up")),
        ("soon", gettext("Due soon"), counted.soon, Filters(due="soon"), "yellow", gettext("See them")),
        ("to_check", gettext("To be checked"), counted.to_check, Filters(state="check"), "", step("close", gettext("Check and close"))),
    ]  # fmt: skip
    if sends:
        kinds[:0] = [
            ("to_file", gettext("New, to be filed"), counted.to_file, Filters(state="report"), "", step("file", gettext("File them"))),
            ("to_send", gettext("To be sent"), counted.to_send, Filters(state="file"), "", step("assign", gettext("Send them out"))),
        ]  # fmt: skip
        kinds.append(
            (
                "no_grid",
                gettext("Without a grid"),
                counted.no_grid,
                Filters(grid="none"),
                "yellow",
                gettext("Give them a place"),
            )
        )
    cards = []
    for key, title, n, narrowed, tone, next_step in kinds:
        rows = board.board(session, place.id, narrowed, now, limit=FIRST).rows if n else []
        cards.append(
            Card(
                key,
                title,
                n,
                link_for("dispatch.show", **_asked(narrowed)),
                _case_lines(rows, now, place),
                tone if n else "",
                next_step,
                gettext("None."),
            )
        )
    return cards


def emergencies(session: Session, place: TownshipInfo, *, switches: bool) -> Card:
    """Open emergency cases, with who has not taken note yet."""
    found = notices.open_calls(session, place.id)
    lines = tuple(
        CardLine(
            call.matter,
            url_for("cases.show", case_id=call.case_id),
            _levels_waiting(sum(level.seen_at is None for level in call.levels)),
            "red",
        )
        for call in found[:FIRST]
    )
    return Card(
        "emergencies", gettext("Emergency cases"), len(found),
        link_for("dispatch.emergency") if switches else url_for("notices.show"), lines,
        "red" if found else "", gettext("See who was called"), gettext("No emergency case is open."),
    )  # fmt: skip


def team(session: Session, now: datetime) -> Card | None:
    """Open cases of the teams that the asker leads; None: they lead none."""
    loads = cases_today.team_loads(session, now)
    if not loads:
        return None
    over = cases_today.overloaded(loads)
    lines = tuple(
        CardLine(
            each.name,
            None,
            gettext("%(n)s open, %(late)s late", n=each.open, late=each.late)
            + (" · " + gettext("has more than the others") if each in over else ""),
            "yellow" if each in over else "",
        )
        for each in loads[:5]
    )
    return Card(
        "team", gettext("Cases of my team"), sum(each.open for each in loads), url_for("cases.mine"),
        lines, "yellow" if over else "", gettext("Work on them"),
    )  # fmt: skip


def register(
    session: Session, place: TownshipInfo, plan_id: int, day: date, rights: frozenset[str]
) -> list[Card]:
    """What of the register waits: houses to visit, records to verify, houses without a register."""
    days = int(limits_of(session, place.id).visit_days)
    cards = []
    if "see_visits" in rights:
        n = register_today.count_to_visit(session, place.id, day, days=days)
        first = register_today.to_visit(session, place.id, day, days=days, limit=FIRST)
        cards.append(
            Card(
                "visits",
                gettext("Houses to visit"),
                n,
                link_for("due.to_visit"),
                tuple(
                    CardLine(
                        each.address,
                        url_for("register.house", house_id=each.house_id),
                        gettext("last seen %(day)s", day=each.last_on)
                        if each.last_on
                        else gettext("never seen"),
                    )
                    for each in first
                ),
                "",
                gettext("See the list"),
                gettext("Every house was seen in time."),
            )
        )
    if "keep_register" in rights and (back := entries.returned(session, place.id)):
        lines = tuple(
            CardLine(
                each.address,
                url_for("register.house", house_id=each.house_id)
                if each.house_id
                else url_for("register.grids"),
                each.reason or "",
                "red",
            )
            for each in back[:FIRST]
        )
        cards.append(
            Card(
                "returned", gettext("Sent back by the clerk"), len(back), None, lines, "red",
            )
        )  # fmt: skip
    if "check_register" in rights:
        cards.append(
            Card(
                "changes",
                gettext("Changes to check"),
                entries.count_waiting(session, place.id),
                link_for("register.changes"),
                tuple(
                    CardLine(
                        each.address,
                        link_for("register.changes", _anchor=f"entry-{each.id}"),
                        gettext(KIND_WORDS[each.kind]),
                    )
                    for each in entries.waiting(session, place.id, most=FIRST)
                ),
                "",
                gettext("Check them"),
                gettext("Nothing waits."),
            )
        )
    n = register_today.count_stale(session, place.id, day, days=days)
    cards.append(
        Card(
            "stale",
            gettext("Records to verify"),
            n,
            link_for("due.unverified"),
            (),
            "",
            gettext("See the list"),
            gettext("Every record was verified in time."),
        )
    )
    kept = households.registers(session, plan_id)
    houses, complete = sum(each.houses for each in kept), sum(each.kept for each in kept)
    if houses:
        cards.append(
            Card(
                "complete",
                gettext("Houses with a register"),
                f"{complete} / {houses}",
                link_for("register.grids"),
                tuple(
                    CardLine(
                        each.name,
                        link_for("register.grid", code=each.code),
                        gettext("houses without a register: %(n)s", n=each.houses - each.kept),
                    )
                    for each in sorted(kept, key=lambda g: g.kept - g.houses)[:FIRST]
                    if each.houses > each.kept
                ),
                "",
                gettext("See the registers"),
            )
        )
    return cards


def documents(session: Session, place: TownshipInfo, day: date) -> Card:
    """Documents that the asker is asked to read and has not."""
    unread = [
        each
        for each in learning.to_read(session, place.id, day)
        if each.asked and each.read_at is None
    ]
    return Card(
        "documents", gettext("Documents to read"), len(unread), link_for("documents.all_documents"),
        tuple(
            CardLine(
                each.title, link_for("documents.one", code=each.code),
                gettext("to be read by %(day)s", day=each.due_on) if each.due_on else str(each.issued_on),
                "red" if each.late(day) else "",
            )
            for each in unread[:FIRST]
        ),
        "red" if any(each.late(day) for each in unread) else "", gettext("Read them"), gettext("You have read everything."),
    )  # fmt: skip


def plans(waiting: Iterable[PlanOnItsWay], *, draws: bool, reviews: bool) -> list[Card]:
    """Plans on their way, by who has to do something about them."""
    waiting = list(waiting)
    kinds: list[tuple[str, str, tuple[str, ...], str, str]] = []
    if reviews:
        kinds.append(
            (
                "in_review",
                gettext("Plans that await review"),
                ("in_review",),
                "yellow",
                gettext("Review them"),
            )
        )
    if draws:
        kinds += [
            ("returned", gettext("Plans that came back"), ("returned",), "red", gettext("Mend them")),
            ("drafts", gettext("Drafts"), ("draft",), "", gettext("Draw on")),
            ("approved", gettext("Plans to be published"), ("approved", "notified"), "yellow", gettext("Publish them")),
        ]  # fmt: skip
        if not reviews:
            kinds.append(
                ("in_review", gettext("Plans in review"), ("in_review",), "", gettext("See them"))
            )
    cards = []
    for key, title, states, tone, step in kinds:
        found = [each for each in waiting if each.state in states]
        lines = tuple(
            CardLine(
                each.name if not several_towns() else f"{each.name} · {_name(each)}",
                url_for("editor.show", plan_id=each.plan_id),
                gettext("returned because: %(why)s", why=each.reason)
                if each.state == "returned" and each.reason
                else "",
            )
            for each in found[:FIRST]
        )
        where = {each.township_id for each in found}
        url = link_for("editor.index") if len(where) < 2 else lines[0].url
        cards.append(
            Card(key, title, len(found), url, lines, tone if found else "", step, gettext("None."))
        )
    return cards


def plans_to_come(session: Session, place: TownshipInfo) -> list[Card]:
    """Plans that will change the grids of whoever neither draws nor reviews them."""
    found = to_come(session, place.id)
    words = {
        "in_review": gettext("the county reviews it"),
        "approved": gettext("approved; the departments are to be notified"),
        "notified": gettext("the departments were notified; it is published next"),
    }
    lines = tuple(
        CardLine(
            each.name,
            link_for("maps.show", plan=each.plan_id) if each.since else None,
            gettext("in force from %(day)s", day=each.since) if each.since else words[each.state],
            "yellow" if each.since or each.state == "notified" else "",
        )
        for each in found[:FIRST]
    )
    title = gettext("Plans to come")
    tone = "yellow" if any(line.tone for line in lines) else ""
    return [Card("plans_to_come", title, len(found), None, lines, tone)]


def community_rules(session: Session, place: TownshipInfo) -> list[Card]:
    """Rules of communities that wait for the township; no card where none does."""
    found = rules.waiting(session, place.id)
    url = link_for("supplements.index")
    lines = tuple(CardLine(f"{r.code} {r.community}", url, r.text[:40]) for r in found[:FIRST])
    title, step = gettext("Rules of communities to agree to"), gettext("Agree or refuse")
    return [Card("rules", title, len(found), url, lines, "yellow", step)] if found else []


def _case_lines(
    rows: Iterable[Row], now: datetime, place: TownshipInfo | None
) -> tuple[CardLine, ...]:
    english = language() == "en"
    zone = zone_of(place)
    return tuple(
        CardLine(
            (english and row.matter_en) or row.matter,
            url_for("cases.show", case_id=row.case_id),
            " · ".join(filter(None, [
                row.grid or gettext("in no grid"),
                gettext("due %(time)s", time=local(row.due_at, zone)) if row.due_at else "",
            ])),
            {"red": "red", "yellow": "yellow"}.get(colour(row, now), ""),
        )
        for row in list(rows)[:FIRST]
    )  # fmt: skip


def _levels_waiting(n: int) -> str:
    if not n:
        return str(gettext("all have taken note"))
    return str(gettext("levels that have not taken note: %(n)s", n=n))


def _name(each: PlanOnItsWay) -> str:
    return (language() == "en" and each.township_en) or each.township


def _asked(filters: Filters) -> dict[str, str]:
    """The filters as the board's address names them; of an open state nothing need be said."""
    said = {"state": filters.state, "due": filters.due, "grid": filters.grid}
    return {name: value for name, value in said.items() if value and value != "open"}
