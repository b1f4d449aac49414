"""A small town in the plan editor, for the modules that work in it by hand or by keys; others have towns of their own."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import Engine, text

from gisgrid.core.plans import plan_by_id
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.planning.editor import scenarios
from tests.support.accounts import appointed
from tests.support.database import own_database
from tests.support.web import Town, Visit, app_over, chromium, fill_town, served, visit

NAMES = count(1)


@pytest.fixture(scope="module")
def store(cluster: Cluster, template: str) -> Iterator[tuple[Engine, Town]]:
    """Eighteen square grids, two a community; one house with far more people than the others."""
    with own_database(cluster, template, "by_hand") as engine:
        with transaction(engine) as session:
            town = fill_town(session, columns=6, rows=3, houses=240, events=20)
            session.execute(
                text(
                    "INSERT INTO resident (township_id, code, household_id, name) "
                    "SELECT township_id, 'R0-' || n, id, '测试' || n FROM household, "
                    "generate_series(1, 40) n WHERE id = 1"
                )
            )
        yield engine, town


@pytest.fixture(scope="module")
def app(store: tuple[Engine, Town]) -> Flask:
    with transaction(store[0]) as session:
        planner = appointed(session, "planner")
    return app_over(store[0], account=planner)


@pytest.fixture(scope="module")
def host(app: Flask) -> Iterator[str]:
    with served(app) as host:
        yield host


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def seen(browser: Browser, host: str) -> Iterator[Visit]:
    with visit(browser, host, width=1440, height=900) as seen:
        yield seen
        assert (seen.failures, seen.elsewhere) == ([], [])


@pytest.fixture
def draft(store: tuple[Engine, Town]) -> int:
    engine, town = store
    with transaction(engine) as session:
        plan = plan_by_id(session, town.plan_id)
        return scenarios.branch(session, plan, name=f"草案{next(NAMES)}", who="甲").id
