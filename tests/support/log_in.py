"""Who logs in in tests: two people with passwords, and the forms that they fill in."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from flask.testing import FlaskClient
from passlib.totp import TOTP
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.people.accounts import add_account
from gisgrid.people.appointments import appoint
from gisgrid.people.login import set_password
from tests.support.web import Town, fill_town

PASSWORD = "plum-7rain-42wind"
WRONG = "登录名或密码不正确"


def town_of_two(session: Session) -> Town:
    town = fill_town(session, columns=3, rows=3, houses=30, events=9)
    for name, role, area, grid in (
        ("clerk", "community_clerk", "999901001001", None),
        ("worker", "grid_worker", "999901001", "999901001001001"),
    ):
        add_account(session, name, f"测试{name}")
        set_password(session, name, PASSWORD)
        appoint(session, name, role, area=area, grid=grid, since=date(2022, 1, 1))
    # House 1 lies in the clerk's community, whatever the arithmetic of the town.
    session.execute(
        text(
            "UPDATE house_grid SET grid_id = (SELECT id FROM grid WHERE code = :code) "
            "WHERE house_id = 1"
        ),
        {"code": "999901001001001"},
    )
    return town


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def submit(
    client: FlaskClient, path: str, page: str | None = None, address: str = "127.0.0.1", **form: str
) -> Any:
    """Send a form with the token that its page holds, from an address of the network."""
    where = {"REMOTE_ADDR": address}
    token = token_in(client.get(page or path, environ_base=where).text)
    return client.post(path, data={"csrf_token": token, **form}, environ_base=where)


def log_in(
    client: FlaskClient, name: str, password: str = PASSWORD, address: str = "127.0.0.1"
) -> Any:
    return submit(client, "/account/login", address=address, name=name, password=password)


def code_of(page: str) -> TOTP:
    """The authenticator that has taken a page's key in."""
    key = re.search(r'<strong class="key">([^<]+)<', page)
    assert key is not None
    return TOTP(key=key[1].replace("-", ""))
