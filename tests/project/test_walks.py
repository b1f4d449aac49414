"""Four walks of the data go down through the house, and climb back to a higher room twice at most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from gisgrid.core import errors
from gisgrid.core.plans import plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.jobs import balancing
from gisgrid.jobs.computing import compute
from gisgrid.planning.balancing.options import BalanceOptions
from gisgrid.planning.editor import scenarios
from tests.support.climbs import ROOT, climbs
from tests.support.desks import Desk
from tests.support.editor import client_of, neighbours, view
from tests.support.town_f import DATA, load_kind

MOST = 2


def test_a_house_row_goes_from_file_to_table(own_town: Engine, tmp_path: Path):
    rows = (DATA / "register/houses.csv").read_text(encoding="utf-8-sig").splitlines()[:50]
    file = tmp_path / "houses.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    with transaction(own_town) as session:
        found = climbs(lambda: load_kind(session, "houses", file, crs="wgs84"))
    assert len(found) <= MOST, found


def test_a_report_goes_from_phone_to_first_step(engine: Engine):
    desk = Desk(engine)
    form = desk.form(desk.public, text="测试", address="")
    answers: list[Any] = []
    found = climbs(lambda: answers.append(desk.send(desk.public, form)))
    assert answers[0].status_code == 303
    assert len(found) <= MOST, found


def test_a_border_is_dragged(own_town: Engine):
    with transaction(own_town) as session:
        plan = plan_in_force(session, township(session).id)
        draft = scenarios.branch(session, plan, name="走线", who="测试")
    client = client_of(own_town, "planner")
    arc = neighbours(view(client, draft))
    line = [list(corner) for corner in arc["line"]]
    line[len(line) // 2][0] += 1e-5
    edit = {"kind": "drag", "snap_m": 0, "arcs": {str(arc["id"]): line}}
    answers: list[Any] = []
    found = climbs(
        lambda: answers.append(
            client.post(f"/plan/{draft.id}/edit", json={"version": 0, "edit": edit})
        )
    )
    assert answers[0].status_code == 200, answers[0].text
    assert len(found) <= MOST, found


def test_a_town_is_balanced(own_town: Engine):
    with transaction(own_town) as session:
        plan = plan_in_force(session, township(session).id)
        draft = scenarios.branch(session, plan, name="均衡", who="测试")
        options = BalanceOptions(by_street=False)
        number = balancing.order_rebalance(session, draft, options, who="测试")
        session.execute(text("UPDATE job SET state = 'running', attempts = 1"))
    url = own_town.url.render_as_string(hide_password=False)
    found = climbs(lambda: compute(url, number, 1))
    with transaction(own_town) as session:
        state = session.scalar(text("SELECT state FROM job WHERE id = :id"), {"id": number})
    assert state == "done"
    assert len(found) <= MOST, found


def test_a_climb_is_seen():
    def above() -> None:
        errors.Invalid("x")

    code = compile("def below(call):\n    call()\n", str(ROOT / "gisgrid/core/made_up.py"), "exec")
    made: dict[str, Any] = {}
    exec(code, made)  # noqa: S102 - a function that seems to stand in the lowest room
    higher = compile("def up(work):\n    work()\n", str(ROOT / "gisgrid/cli/made_up.py"), "exec")
    exec(higher, made)  # noqa: S102
    assert len(climbs(lambda: made["below"](lambda: made["up"](above)))) == 1
    assert climbs(lambda: made["up"](lambda: made["below"](above))) == {}
