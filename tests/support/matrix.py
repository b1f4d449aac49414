"""Who asks for what in the matrices of rights: a person in each role inside and outside their area."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.db.tables.access import ROLES
from gisgrid.locate.addresses.gazetteer import index_addresses
from tests.support.accounts import appointed
from tests.support.calls import OPENED, Call
from tests.support.canaries import GRID, OPEN, PLACES, Canary, Spot, plant
from tests.support.database import own_database
from tests.support.web import app_over, fill_town, session_cookie

TOWNSHIP, COMMUNITY = "999901001", "999901001001"
EVERYWHERE = frozenset(PLACES)
IN_TOWN = frozenset({"A1", "A2", "B"})
IN_COMMUNITY = frozenset({"A1", "A2"})
IN_GRID = frozenset({"A1"})
UNKNOWN = "查无此人处"


@dataclass(frozen=True)
class Seat:
    """Who asks: a role, where it was given, and the places that lie there."""

    role: str
    area: str | None = None
    grid: str | None = None
    places: frozenset[str] = frozenset()
    until: date | None = None


SEATS = {
    "public": Seat("public"),
    "county_reviewer": Seat("county_reviewer", "999901", None, EVERYWHERE),
    **{
        role: Seat(role, TOWNSHIP, None, IN_TOWN)
        for role in ("township_government", "dispatcher", "planner", "coordinator", "auditor", "administrator")
    },
    "section_cadre": Seat("section_cadre", COMMUNITY, None, IN_COMMUNITY),
    "community_clerk": Seat("community_clerk", COMMUNITY, None, IN_COMMUNITY),
    **{
        role: Seat(role, TOWNSHIP, GRID["A1"], IN_GRID)
        for role in ("grid_leader", "grid_worker", "sinking_force", "social_force", "resident")
    },
    "a clerk of the next community": Seat("community_clerk", "999901001002", None, frozenset({"B"})),
    "a clerk no longer": Seat("community_clerk", COMMUNITY, None, frozenset(), date.today() - timedelta(days=2)),  # noqa: DTZ011
}  # fmt: skip


@dataclass(frozen=True)
class World:
    store: Engine
    app: Flask
    spots: dict[str, Spot]
    cookies: dict[str, str]
    rights: dict[str, frozenset[str]]
    log: list[str]


def seats(*often: str, but: str = "") -> list[Any]:
    """Names of ``SEATS`` to ask as, one after the other; in a fast run only those named here."""
    return [
        name if name in often else pytest.param(name, marks=pytest.mark.thorough)
        for name in SEATS
        if name != but
    ]


@contextlib.contextmanager
def matrix_world(cluster: Cluster, template: str) -> Iterator[World]:
    with own_database(cluster, template, "matrix") as engine:
        with transaction(engine) as session:
            town = fill_town(session, columns=6, rows=6, houses=240, events=90)
            spots = plant(session)
            index_addresses(session, town.township_id)
            accounts = {
                name: appointed(
                    session, seat.role, seat.area, grid=seat.grid, name=f"m{n}", until=seat.until
                )
                for n, (name, seat) in enumerate(SEATS.items())
                if seat.role != "public"
            }
            rights = rights_of_roles(session)
        app = app_over(engine)
        log: list[str] = []
        handler = Ear(log)
        logging.getLogger().addHandler(handler)
        cookies = {name: session_cookie(app, engine, account) for name, account in accounts.items()}
        yield World(engine, app, spots, cookies, rights, log)
        logging.getLogger().removeHandler(handler)


def rights_of_roles(session: Session) -> dict[str, frozenset[str]]:
    rows = session.execute(text("SELECT role, right_name FROM role_right")).all()
    return {
        role: frozenset(r.right_name for r in rows if r.role == role) for role in (*ROLES, "public")
    }


class Ear(logging.Handler):
    """Keeps what is logged, tracebacks included."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__()
        self.heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(logging.Formatter().format(record))


def client_of(world: World, name: str) -> FlaskClient:
    client = world.app.test_client()
    if name in world.cookies:
        key, _, value = world.cookies[name].partition("=")
        client.set_cookie(key, value)
    return client


def token_for(client: FlaskClient) -> str:
    for page in ("/me", "/account/login"):
        if found := re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get(page).text):
            return found[1]
    return ""


def may_hear(canary: Canary, seat: Seat, rights: frozenset[str], call: Call) -> bool:
    if canary.place not in seat.places:
        return False
    if canary.level == OPEN:
        return call.opens in rights and canary.what in OPENED[call.opens]
    return canary.level in rights
