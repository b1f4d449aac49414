"""Which rooms open to whoever asks? Their pages in order; the table of routes says who may enter each."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request

from gisgrid.core.messages import say
from web.http.permissions import may_ask


@dataclass(frozen=True)
class RoomPage:
    """One page of a room, by its route."""

    endpoint: str
    label: str


@dataclass(frozen=True)
class Room:
    """A part of the product: its pages, the first of which is its door."""

    name: str
    label: str
    pages: tuple[RoomPage, ...]
    blueprints: tuple[str, ...] = ()
    """Of which every other page lies in this room, too."""

    @property
    def door(self) -> str:
        return self.pages[0].endpoint

    @property
    def entered(self) -> bool:
        """Whether the request at hand is for a page of it."""
        pages = {page.endpoint for page in self.pages}
        return request.endpoint in pages or request.blueprint in self.blueprints


ROOMS = (
    Room("map", say("Map"), (RoomPage("maps.show", say("Grid map")),), ("maps",)),
    Room(
        "lookup",
        say("Look-up"),
        (RoomPage("lookup.show", say("Which grid is this?")),),
        ("lookup",),
    ),
    Room("report", say("Report"), (RoomPage("report.show", say("Report something")),), ("report",)),
    Room(
        "cases",
        say("Cases"),
        (
            RoomPage("cases.mine", say("My cases")),
            RoomPage("dispatch.show", say("Dispatch board")),
            RoomPage("notices.show", say("Calls")),
            RoomPage("telephone.new", say("Report by telephone")),
            RoomPage("dispatch.emergency", say("Emergency")),
            RoomPage("open_problems.show", say("Long-term problems")),
        ),
        ("cases", "dispatch", "notices", "telephone", "open_problems"),
    ),
    Room(
        "plans",
        say("Plans"),
        (
            RoomPage("editor.index", say("Plan editor")),
            RoomPage("shortage.show", say("Staffing gaps")),
        ),
        ("editor", "shortage"),
    ),
    Room(
        "register",
        say("Register"),
        (
            RoomPage("register.grids", say("Registers")),
            RoomPage("due.to_visit", say("Houses to visit")),
            RoomPage("due.unverified", say("Records to verify")),
            RoomPage("register.changes", say("Changes to check")),
            RoomPage("aliases.index", say("Aliases")),
            RoomPage("completeness.show", say("Completeness")),
            RoomPage("completeness.without", say("Houses without a register")),
            RoomPage("collecting.mine", say("Collection tasks")),
            RoomPage("paper.show", say("Paper")),
            RoomPage("practice.show", say("Practice")),
        ),
        ("register", "aliases", "asked", "due", "paper", "collecting", "completeness", "practice"),
    ),
    Room(
        "figures",
        say("Figures"),
        (
            RoomPage("figures.show", say("Figures of cases")),
            RoomPage("figures.burden", say("Community burden")),
            RoomPage("figures.register", say("Figures of the register")),
        ),
        ("figures",),
    ),
    Room(
        "rules",
        say("Rules"),
        (
            RoomPage("matters.book", say("Rule book")),
            RoomPage("matters.duties", say("Duty matrix")),
            RoomPage("matter_lists.index", say("Versions of the list")),
            RoomPage("supplements.index", say("Rules of communities")),
            RoomPage("matters.compare", say("Compare versions")),
            RoomPage("documents.all_documents", say("Documents")),
            RoomPage("documents.all_drafts", say("Drafts of documents")),
        ),
        ("matters", "documents", "matter_lists", "matter_items", "supplements"),
    ),
    Room(
        "office",
        say("Office"),
        (
            RoomPage("imports.index", say("Import")),
            RoomPage("accounts.index", say("Accounts")),
            RoomPage("teams.index", say("Staff and teams")),
            RoomPage("issuing.index", say("Issue documents")),
            RoomPage("trainings.index", say("Training sessions")),
            RoomPage("means.index", say("Working means")),
            RoomPage("collections.index", say("Collection tasks of the office")),
            RoomPage("corrections.index", say("Corrections")),
            RoomPage("subjects.index", say("Subject access")),
            RoomPage("township.show", say("Township settings")),
            RoomPage("channels.show", say("Channels of messages")),
            RoomPage("audit.index", say("Audit")),
            RoomPage("retention.index", say("Retention")),
            RoomPage("backups.index", say("Backups")),
            RoomPage("jobs.index", say("Background jobs")),
            RoomPage("trainings.hours", say("Hours of training")),
            RoomPage("shell.components", say("Components of the pages")),
        ),
        (
            "imports",
            "accounts",
            "teams",
            "corrections",
            "audit",
            "channels",
            "backups",
            "issuing",
            "jobs",
            "trainings",
            "means",
            "collections",
            "subjects",
            "retention",
            "township",
            "calendar",
            "weights",
        ),
    ),
)
"""In the order of the header. A page that stands nowhere here is linked from one that does."""


def rooms() -> list[Room]:
    """The rooms of which the asker may open a page, each with those pages alone."""
    opened = []
    for room in ROOMS:
        pages = tuple(page for page in room.pages if may_ask(page.endpoint))
        if pages:
            opened.append(Room(room.name, room.label, pages, room.blueprints))
    return opened


def entered(opened: list[Room]) -> Room | None:
    """The room of the page that is asked for; None: it lies in none of them."""
    return next((room for room in opened if room.entered), None)
