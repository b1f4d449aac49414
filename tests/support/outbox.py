"""A township where somebody holds every post, and what the outbox says there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.flow import keep_own_flows
from gisgrid.db.store import transaction
from tests.support.accounts import appointed
from tests.support.case_town import Peopled, Town, peopled
from tests.support.sketch import spot

CANARY, CANARY_PHONE = "虚金丝雀", "19912345678"
"""What a resident might write of themselves."""


def everybody(session: Session) -> Peopled:
    """A township of two grids in which each post is somebody's."""
    made = peopled(session)
    keep_own_flows(session)
    town = made.place.code
    community, county = session.execute(
        text(
            "SELECT c.code, k.code FROM area t JOIN area c ON c.parent_id = t.id "
            "JOIN area k ON k.id = t.parent_id WHERE t.id = :t ORDER BY c.code"
        ),
        {"t": made.place.id},
    ).first() or ("", "")
    posts: dict[str, tuple[str, dict[str, Any]]] = {
        "leader": ("grid_leader", {"area": town, "grid": "a"}),
        "clerk": ("community_clerk", {"area": community}),
        "cadre": ("section_cadre", {"area": community}),
        "government": ("township_government", {"area": town}),
        "planner": ("planner", {"area": town}),
        "reviewer": ("county_reviewer", {"area": county}),
        "administrator": ("administrator", {"area": town}),
        "auditor": ("auditor", {"area": town}),
    }
    people = {
        who: appointed(session, role, name=f"{who}.ce", **where)
        for who, (role, where) in posts.items()
    }
    return Peopled(made.matter, made.place, {**made.people, **people})


class TownOfNews(Town):
    """`everybody`, and who was told what."""

    def __init__(self, engine: Engine, made: Peopled) -> None:
        super().__init__(engine, made)
        self.engine = engine

    def told(self) -> dict[str, set[str]]:
        """Who was told, by kind."""
        names = {number: who for who, number in self.people.items()}
        found: dict[str, set[str]] = {}
        with transaction(self.engine) as session:
            for kind, account in session.execute(
                text(
                    "SELECT m.kind, d.account_id FROM outbox_message m LEFT JOIN outbox_delivery d "
                    "ON d.message_id = m.id AND d.channel = 'badge'"
                )
            ):
                found.setdefault(kind, set()).add(names.get(account, "nobody"))
        return found

    def forget(self) -> None:
        self.run("DELETE FROM outbox_message")

    def run(self, statement: str, **values: object) -> None:
        with transaction(self.engine) as session:
            session.execute(text(statement), values)

    def value(self, statement: str, **values: object) -> Any:
        with transaction(self.engine, read_only=True) as session:
            return session.scalar(text(statement), values)

    def seen_now(self, place: tuple[float, float] = spot(0.5, 0.5), **details: Any) -> int:
        """Number of a case that was reported this moment, in grid a unless said."""
        from gisgrid.cases.cases import CaseActor
        from gisgrid.cases.intake import Report, take_in
        from tests.support.accounts import acting

        report = Report(
            self.matter, place, f"垃圾 {CANARY} {CANARY_PHONE}", reported_at=datetime.now(UTC),
            address=f"{CANARY}家", contact=CANARY_PHONE, **details,
        )  # fmt: skip
        with acting(self.web, None) as session:
            return take_in(
                session, self.place, report, CaseActor("resident", ("resident",))
            ).case.id
