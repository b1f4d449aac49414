"""How the register stands, grid by grid: counted again in plain Python, and nothing hidden follows from what is shown."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from io import BytesIO

import numpy as np
import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core import plans
from gisgrid.db.store import transaction
from gisgrid.register import standing
from tests.support.accounts import acting, appointed, web_engine
from tests.support.door import COMMUNITY, GRID, Door, one_known, token
from tests.support.web import Town, app_over
from web.figures import register as figures

MINIMUM = 5


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Town]:
    """People of all ages, visits of some days, and one house without a place."""

    def lived(session: Session) -> Town:
        town = one_known(session)
        for statement in (
            "UPDATE resident SET birth_date = CASE WHEN id % 7 = 0 THEN NULL "
            "ELSE CAST(:day AS date) - CAST(id * 2801 % 36500 AS integer) END, "
            "needs = CASE WHEN id % 3 = 0 THEN ARRAY['living_alone'] ELSE '{}' END",
            "UPDATE household SET verified_on = CASE WHEN id % 4 > 0 THEN CAST(:day AS date) - CAST(id % 400 AS integer) END",
            "INSERT INTO visit (township_id, code, house_id, staff_id, visited_on, next_on) "
            "SELECT h.township_id, 'V' || h.id, h.id, (SELECT min(id) FROM staff), "
            "CAST(:day AS date) - CAST(h.id * 13 % 200 AS integer), "
            "CASE WHEN h.id % 5 = 0 THEN CAST(:day AS date) - 1 END FROM house h WHERE h.id % 2 = 0",
            "UPDATE house SET geom = NULL, location_status = 'unlocated' WHERE id = 5",
            "DELETE FROM house_grid WHERE house_id = 5",
            # Two lie under an exclusive grid.
            "UPDATE house_grid a SET exclusive_grid_id = (SELECT max(g.id) FROM grid g WHERE g.plan_id = a.plan_id) "
            "WHERE house_id IN (7, 8)",
        ):
            session.execute(text(statement), {"day": date(2026, 11, 30)})
        return town

    return lived


@pytest.fixture
def door(engine: Engine, made: Town) -> Door:
    return Door(engine)


def by_hand(
    session: Session, plan_id: int, day: date, recent: int, late: int
) -> dict[str | None, Counter[str]]:
    """The same numbers by grid, house by house, in plain Python."""
    out: dict[str | None, Counter[str]] = defaultdict(Counter)
    houses = session.execute(
        text(
            "SELECT h.id, g.code FROM house h LEFT JOIN house_grid a ON a.house_id = h.id AND a.plan_id = :p "
            "LEFT JOIN grid g ON g.id = coalesce(a.exclusive_grid_id, a.grid_id)"
        ),
        {"p": plan_id},
    ).all()
    homes = session.execute(text("SELECT id, house_id, verified_on FROM household")).all()
    people = session.execute(text("SELECT household_id, birth_date, needs FROM resident")).all()
    visits = session.execute(
        text("SELECT house_id, visited_on, next_on FROM visit ORDER BY visited_on, id")
    ).all()
    for house, code in houses:
        own = out[code]
        here = [each for each in homes if each.house_id == house]
        came = [each for each in visits if each.house_id == house and each.visited_on <= day]
        own["houses"] += 1
        own["lived_in"] += bool(here)
        own["households"] += len(here)
        own["verified"] += sum(
            each.verified_on is not None and 0 <= (day - each.verified_on).days < recent
            for each in here
        )
        own["visits"] += sum((day - each.visited_on).days < recent for each in came)
        last = max(
            [each.verified_on for each in here if each.verified_on]
            + [each.visited_on for each in came],
            default=None,
        )
        agreed = came[-1].next_on if came else None
        own["overdue"] += bool(here) and (
            agreed <= day if agreed else last is None or (day - last).days > late
        )
        for person in people:
            if person.household_id in {each.id for each in here}:
                own["residents"] += 1
                own["alone"] += "living_alone" in person.needs
                own[_age(person.birth_date, day)] += 1
    return out


def _age(born: date | None, day: date) -> str:
    if born is None:
        return "age_unknown"
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return (
        "under_18"
        if years < 18
        else "under_60"
        if years < 60
        else "under_80"
        if years < 80
        else "from_80"
    )


def test_every_number_is_that_of_a_count_by_hand_and_the_lines_add_up(door: Door):
    with transaction(door.engine) as session:
        account = appointed(session, "township_government", name="chief")
        place = plans.township(session)
        plan = plans.plan_in_force(session, place.id)
        day = door.day
        expected = by_hand(session, plan.id, day, 90, 100)
    with acting(web_engine(door.engine), account) as session:
        found = standing.standings(session, plan.id, day, recent=90, late=100)
    told = {each.code: each for each in found.grids if each.code}
    for code, one in told.items():
        assert {k: one.counts[k] for k in standing.COUNTS} == {
            k: expected[code][k] for k in standing.COUNTS
        }, code
    assert expected[None]["houses"] >= 1, "a house in no grid has a line, too"
    for name in standing.COUNTS:
        total = sum(counts[name] for counts in expected.values())
        assert (
            found.township.counts[name] == total == sum(each.counts[name] for each in found.grids)
        ), name
        assert total == sum(each.counts[name] for each in found.communities), name
    for each in (*found.grids, *found.communities, found.township):
        assert sum(each.counts[age] for age in standing.AGES) == each.counts["residents"]


def test_few_of_an_age_or_living_alone_are_hidden_from_who_may_open_nothing(door: Door):
    with transaction(door.engine) as session:
        account = appointed(session, "section_cadre", COMMUNITY, name="cadre")
        place = plans.township(session)
        plan = plans.plan_in_force(session, place.id)
        expected = by_hand(session, plan.id, door.day, 90, 100)
    with acting(web_engine(door.engine), account) as session:
        found = standing.standings(session, plan.id, door.day, recent=90, late=100)
    assert found.township is None, "a cadre of one community is told of no other"
    assert {each.community for each in found.grids} == {found.communities[0].community}
    few = 0
    for each in found.grids:
        if each.code is None:
            continue
        ages = {name: expected[each.code][name] for name in standing.AGES}
        if any(0 < n < MINIMUM for n in ages.values()):
            assert {each.counts[name] for name in standing.AGES} == {None}
            few += 1
        if 0 < expected[each.code]["alone"] < MINIMUM:
            assert each.counts["alone"] is None
        assert each.counts["residents"] == expected[each.code]["residents"]
    assert few, "the town has such grids"
    page = app_over(door.engine, account=account).test_client().get("/figures/register").text
    assert "人数太少" in page and 'data-count="alone"' in page


@pytest.mark.parametrize("seed", range(12))
def test_no_hidden_number_follows_from_the_sums(door: Door, seed: int):
    rng = np.random.default_rng(seed)
    parts = int(rng.integers(1, 5))
    part = np.sort(
        np.concatenate(
            (np.arange(1, parts + 1), rng.integers(1, parts + 1, size=int(rng.integers(2, 18))))
        )
    )
    width = int(rng.integers(1, 6))
    n = rng.poisson(rng.choice([1, 6, 30]), size=(len(part), width)) * (
        rng.random((len(part), width)) < 0.9
    )
    with transaction(door.engine) as session:
        row = session.execute(
            text("SELECT * FROM hidden_rows(CAST(:n AS bigint[]), :w, CAST(:p AS integer[]), :m)"),
            {"n": n.ravel().tolist(), "w": width, "p": part.tolist(), "m": MINIMUM},
        ).one()
    cells, hidden_parts = np.array(row.cells), np.array(row.parts)
    small = ((n > 0) & (n < MINIMUM)).any(axis=1)
    assert cells[small].all(), "a cell with few is hidden as a whole"
    for k in range(1, parts + 1):
        mine = part == k
        if not hidden_parts[k - 1]:
            _holds(n[mine][cells[mine]])
    sums = np.array([n[part == k].sum(axis=0) for k in range(1, parts + 1)])
    assert ((sums == 0) | (sums >= MINIMUM))[~hidden_parts].all()
    if not row.whole and hidden_parts.any():
        below = np.array([n[(part == k) & cells].sum(axis=0) for k in range(1, parts + 1)])
        _holds(below[hidden_parts])


def _holds(hidden: np.ndarray) -> None:
    """The hidden numbers below a sum that is shown: none, or three and without the largest enough."""
    if len(hidden):
        assert len(hidden) >= 3
        for column in hidden.T:
            assert column.sum() == 0 or column.sum() - column.max() >= MINIMUM, hidden


def test_a_sleeping_grid_is_told_and_its_leader_says_why(door: Door):
    day = door.day
    with transaction(door.engine) as session:
        grid_houses = (
            "SELECT a.house_id FROM house_grid a JOIN grid g ON g.id = a.grid_id WHERE g.code = :g"
        )
        session.execute(text(f"DELETE FROM visit WHERE house_id IN ({grid_houses})"), {"g": GRID})
        session.execute(
            text(f"UPDATE household SET verified_on = :old WHERE house_id IN ({grid_houses})"),
            {"g": GRID, "old": day - timedelta(200)},
        )
    leader, clerk, worker = (door.people[who] for who in ("colleague", "clerk", "worker"))
    page = leader.get("/figures/register").text
    asleep = re.search(r'id="asleep".*', page, re.S)[0]
    assert f"/register/grid/{GRID}" in asleep and str(day - timedelta(200)) in asleep

    def say(client, reason: str, **filters: str):
        return client.post(
            f"/figures/register/sleep/{GRID}",
            data={"reason": reason, "csrf_token": token(client), **filters},
            follow_redirects=True,
        )

    form = f'action="/figures/register/sleep/{GRID}'
    assert form in page and form not in worker.get("/figures/register").text
    assert "请写明为什么无人走访" in say(leader, " ").text
    told = say(leader, "测试道路封闭", unit="community", days="90")
    assert "原因已记下" in told.text and told.request.args["township"] == GRID[:9]
    assert 'value="community" selected' in told.text and 'value="90" selected' in told.text
    assert say(worker, "测试").status_code == 403, "the leader or the clerk says it"
    seen = clerk.get("/figures/register").text
    assert "测试道路封闭" in seen and "测试grid_leader" in seen
    assert "测试道路封闭" not in door.people["stranger"].get("/figures/register").text
    say(clerk, "测试岗位空缺")
    assert "测试岗位空缺" in leader.get("/figures/register").text
    book = load_workbook(BytesIO(clerk.get("/figures/register?as=xlsx").data))
    assert book.sheetnames == ["户档统计", "各人走访", "休眠网格"]
    (line,) = [
        row for row in book["休眠网格"].iter_rows(min_row=2, values_only=True) if row[0] == GRID
    ]
    assert line[3] == "测试岗位空缺" and line[4] == "测试community_clerk"
    with transaction(door.engine) as session:
        session.execute(text("UPDATE sleep_reason SET at = at - interval '300 days'"))
    assert "测试岗位空缺" not in leader.get("/figures/register").text, "somebody came since"
    door.enter("worker", "verified")
    assert GRID not in re.search(r'id="asleep".*', leader.get("/figures/register").text, re.S)[0], (
        "somebody came"
    )


def test_visits_are_told_by_worker(door: Door):
    door.enter("worker", "visit", why="routine", met="household")
    door.enter("worker", "visit", why="care", met="nobody")
    with transaction(door.engine) as session:
        account = appointed(session, "township_government", name="chief")
        place = plans.township(session)
        n, houses = session.execute(
            text(
                "SELECT count(*), count(DISTINCT house_id) FROM visit WHERE visited_on > :day - 30"
            ),
            {"day": door.day},
        ).one()
    with acting(web_engine(door.engine), account) as session:
        told: Sequence[standing.WorkerVisits] = standing.visits_by_worker(
            session, place.id, door.day, recent=30
        )
    assert sum(each.visits for each in told) == n
    door.at_once()
    door.enter("worker", "house-gone", gone="demolished", homes="out")
    with acting(web_engine(door.engine), account) as session:
        plan = plans.plan_in_force(session, place.id)
        after = standing.visits_by_worker(session, place.id, door.day, recent=30)
        found = standing.standings(session, plan.id, door.day, recent=30, late=100)
    assert sum(each.visits for each in after) == found.township.counts["visits"] == n - 2
    assert max(each.houses for each in told) <= houses


def test_who_sees_no_visits_is_told_of_none_and_a_long_chart_of_the_largest(
    door: Door, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(figures, "MOST_BARS", 2)
    with transaction(door.engine) as session:
        force = appointed(session, "sinking_force", GRID[:9], grid=GRID, name="force")
        chief = appointed(session, "township_government", name="chief")
        plan = plans.plan_in_force(session, plans.township(session).id)
    page = app_over(door.engine, account=force).test_client().get("/figures/register").text
    assert 'data-count="residents"' in page and 'data-count="visits"' not in page
    assert 'id="workers"' not in page and "各人走访" not in page
    with acting(web_engine(door.engine), force) as session:
        found = standing.standings(session, plan.id, door.day, recent=30, late=100)
        assert {each.counts["visits"] for each in found.grids} == {None}
    seen = app_over(door.engine, account=chief).test_client().get("/figures/register").text
    assert 'data-count="visits"' in seen and 'id="workers"' in seen
    bars = [int(n) for n in re.findall(r"<b>(\d+)</b>", seen)]
    most = sorted(
        (int(n) for n in re.findall(r'data-count="residents">(\d+)<', seen.split("<tfoot")[0])),
        reverse=True,
    )
    assert bars == most[:2] and f"只显示 {len([n for n in most if n])} 项中最大的 2 项" in seen
