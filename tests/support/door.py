"""A worker, a colleague and a clerk, and the houses of one grid whose register they keep."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.planning.settings.townships import change_township
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.web import Town, app_over, fill_town

GRID, OTHER_GRID, COMMUNITY = "999901001001001", "999901001009001", "999901001001"
NAME, PHONE, NEW_PHONE = "测试金丝雀", "19912345678", "13900001111"
GOOD_ID, BORN = "110101199003074514", "1990-03-07"


def one_known(session: Session) -> Town:
    """Houses 1 and 3 lie in the first grid, house 2 elsewhere; one person of house 1 is known by name."""
    town = fill_town(session, columns=3, rows=3, houses=30, events=9)
    for statement in (
        f"UPDATE house_grid SET grid_id = (SELECT id FROM grid WHERE code = '{GRID}') "
        "WHERE house_id IN (1, 3)",
        "UPDATE house_grid SET grid_id = (SELECT max(id) FROM grid) WHERE house_id = 2",
        f"UPDATE resident SET name = '{NAME}', phone = '{PHONE}' WHERE id = {FIRST_PERSON}",
    ):
        session.execute(text(statement))
    return town


FIRST_PERSON = (
    "(SELECT min(r.id) FROM resident r JOIN household f ON f.id = r.household_id "
    "WHERE f.house_id = 1)"
)


class Door:
    """A worker, a colleague and a clerk of one grid."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with transaction(engine) as session:
            people = {
                "worker": appointed(session, "grid_worker", grid=GRID, name="worker"),
                "colleague": appointed(session, "grid_leader", grid=GRID, name="colleague"),
                "clerk": appointed(session, "community_clerk", COMMUNITY, name="clerk"),
                "stranger": appointed(session, "grid_worker", grid=OTHER_GRID, name="stranger"),
            }
            self.person = session.scalar(text(f"SELECT {FIRST_PERSON}"))
            self.household = session.scalar(
                text("SELECT household_id FROM resident WHERE id = :id"), {"id": self.person}
            )
            self.day = today(township(session))
        self.people = {
            name: app_over(engine, account=account).test_client()
            for name, account in people.items()
        }

    def enter(self, who: str, what: str, *, house: int = 1, page: str = "", **said: Any) -> Any:
        """Send a form of a house as its page holds it; ``page`` is one that was read before."""
        client = self.people[who]
        asked = {k: v for k, v in said.items() if k in ("household", "resident", "column")}
        page = page or client.get(
            f"/register/house/{house}/enter/{what}", query_string=asked
        ).text  # fmt: skip
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        hidden.setdefault("csrf_token", token(client))
        hidden.setdefault("client_id", uuid4().hex)
        return client.post(
            f"/register/house/{house}/enter/{what}",
            data={**hidden, **said},
            follow_redirects=True,
        )

    def decide(self, who: str, entry: int, decision: str = "accept", reason: str = "") -> Any:
        client = self.people[who]
        data = {"entry": entry, "decision": decision, "reason": reason, "csrf_token": token(client)}
        return client.post("/register/changes", data=data, follow_redirects=True)

    def one(self, statement: str, **values: Any) -> Any:
        with transaction(self.engine) as session:
            return session.scalar(text(statement), values)

    def last(self) -> int:
        return int(self.one("SELECT max(id) FROM register_entry"))

    def at_once(self) -> None:
        with transaction(self.engine) as session:
            change_township(session, township(session).code, ["register_rule=at_once"])


def token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/me").text)
    return found[1] if found else ""
