"""A planner at the editor: a draft of a small town, and clients that may change it."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gisgrid.core.plans import PlanInfo, plan_by_id
from gisgrid.db.store import transaction
from gisgrid.jobs import quick
from gisgrid.planning.editor import scenarios
from gisgrid.planning.editor.editors import Editors
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


def put_upon(found: Any, answer: Any) -> Any:
    """What a page shows after an answer that says only what is other than in the version it shows."""
    assert answer["since"] == found["version"]
    now = {**found, **answer}
    for key, lost, name in (("grids", "gone", "code"), ("arcs", "arcs_gone", "id")):
        kept = {each[name]: each for each in found[key] if each[name] not in answer[lost]}
        now[key] = [*(kept | {each[name]: each for each in answer[key]}).values()]
    now["grids"].sort(key=lambda grid: grid["code"])
    return now


def worked_out(client: FlaskClient, engine: Engine, plan: PlanInfo, answer: Any) -> Any:
    """A job that was ordered, done as the worker does it, as the page is told of it."""
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    number = answer.json["job"]["id"]
    quick.run(engine, Editors(), number)
    told: Any = client.get(f"/plan/{plan.id}/job.json?id={number}").json
    return told["job"]


def checked(client: FlaskClient, engine: Engine, plan: PlanInfo) -> Any:
    """What the checks say of a scenario."""
    job = worked_out(client, engine, plan, client.post(f"/plan/{plan.id}/check", json={}))
    return job["result"]["checks"]


def neighbours(found: Any) -> dict[str, Any]:
    kind = {g["code"]: g["kind"] for g in found["grids"]}
    return next(
        a for a in found["arcs"] if a["movable"] and {kind[c] for c in a["grids"]} == {"basic"}
    )
