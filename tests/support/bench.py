"""A planner at the bench: a draft of a small town, and clients that may change it."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo, plan_by_id
from gisgrid.db.store import transaction
from gisgrid.planning.editor import scenarios
from tests.support.accounts import appointed
from tests.support.web import app_over, fill_town


def drafted(session: Session) -> PlanInfo:
    """A draft of the plan in force of a town of 18 grids."""
    town = fill_town(session, columns=6, rows=3, houses=240, events=20)
    return scenarios.branch(session, plan_by_id(session, town.plan_id), name="草案", who="甲")


def client_of(engine: Engine, role: str, area: str | None = None) -> FlaskClient:
    with transaction(engine) as session:
        account = appointed(session, role, area)
    client = app_over(engine, account=account).test_client()
    word = client.get("/me").text.split('name="csrf_token" value="')[1].split('"')[0]
    client.environ_base["HTTP_X_CSRFTOKEN"] = word
    client.environ_base["HTTP_ACCEPT"] = "application/json"
    return client


def view(client: FlaskClient, plan: PlanInfo) -> Any:
    return client.get(f"/plan/{plan.id}/view.json").json


def neighbours(found: Any) -> dict[str, Any]:
    kind = {g["code"]: g["kind"] for g in found["grids"]}
    return next(
        a for a in found["arcs"] if a["movable"] and {kind[c] for c in a["grids"]} == {"basic"}
    )
