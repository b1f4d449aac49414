"""The office in tests: somebody at a browser whose forms bring the token of their page."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.people.accounts import add_account
from gisgrid.people.appointments import appoint
from gisgrid.people.login import set_password
from tests.support.accounts import LONG_AGO
from tests.support.log_in import token_in
from tests.support.web import app_over, fill_town

PASSWORD = "plum-7rain-42wind"
COUNTY, TOWN, CLERKS = "999901", "999901001", "999901001001"


def staffed_town(session: Session) -> dict[str, int]:
    """A town with administrators above each other who can log in, a clerk and a reviewer; their numbers."""
    town = fill_town(session, columns=3, rows=3, houses=9, events=3)
    session.execute(
        text("UPDATE account SET name = 'government' WHERE id = :id"), {"id": town.account}
    )
    return {
        name: able(session, name, role, area)
        for name, role, area in (
            ("root", "administrator", None),
            ("county", "administrator", COUNTY),
            ("office", "administrator", TOWN),
            ("reviewer", "county_reviewer", COUNTY),
            ("clerk", "community_clerk", CLERKS),
        )
    }


def able(
    session: Session, name: str, role: str, area: str | None, *, until: date | None = None
) -> int:
    """Row number of a new account that can log in."""
    account = add_account(session, name, f"测试{name}")
    set_password(session, name, PASSWORD)
    appoint(session, name, role, area=area, since=LONG_AGO, until=until)
    return account.id


class Keeper:
    """An account at the office's pages."""

    def __init__(self, engine: Engine, account: int, **settings: object) -> None:
        self.engine = engine
        self.client: FlaskClient = app_over(engine, account=account, **settings).test_client()
        self.client.set_cookie("language", "en")
        self.token = token_in(self.client.get("/me").text)

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def post(self, path: str, **form: Any) -> Any:
        return self.client.post(path, data={"csrf_token": self.token, **form})

    def scalar(self, sql: str, **values: object) -> Any:
        with transaction(self.engine) as session:
            return session.scalar(text(sql), values)
