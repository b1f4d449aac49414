"""Small counts: what is hidden cannot be had by subtraction, by nobody who has no right to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from gisgrid.planning.overview import summary
from gisgrid.planning.overview.cards import grid_card
from tests.support.accounts import acting, appointed, web_engine
from tests.support.database import own_database
from tests.support.web import app_over, fill_town

LEAST = 5
A = "999901001001"
Numbers = np.ndarray[Any, Any]


def hide(session: Session, n: Numbers, part: Numbers, least: int = LEAST) -> Any:
    return session.execute(
        text("SELECT * FROM hidden_counts(CAST(:n AS bigint[]), CAST(:part AS int[]), :least)"),
        {"n": n.tolist(), "part": part.tolist(), "least": least},
    ).one()


def shown_sums(n: Numbers, part: Numbers, hidden: Any) -> Numbers:
    """Coefficients of every number shown, over the cells: what a reader can add and subtract."""
    rows = [np.eye(len(n))[i] for i in range(len(n)) if not hidden.cells[i]]
    rows += [(part == k + 1).astype(float) for k in range(part.max()) if not hidden.parts[k]]
    if not hidden.whole:
        rows.append(np.ones(len(n)))
    return np.array(rows).reshape(-1, len(n))


def known(sums: Numbers, wanted: Numbers) -> bool:
    """Whether a sum of cells follows from the sums shown."""
    return bool(
        np.linalg.matrix_rank(np.vstack([sums, wanted])) == np.linalg.matrix_rank(sums)
        if len(sums)
        else not wanted.any()
    )


def random_town(rng: np.random.Generator) -> tuple[Numbers, Numbers]:
    part = np.sort(rng.integers(0, rng.integers(1, 8), rng.integers(1, 25)))
    part = np.unique(part, return_inverse=True)[1] + 1
    n = rng.choice([0, 0, 1, 2, 3, 4, 5, 6, 30, 180, 250], len(part), p=np.ones(11) / 11)
    return n, part


@pytest.mark.parametrize("seed", range(60))
def test_no_small_number_follows_from_those_shown(session: Session, seed: int):
    n, part = random_town(np.random.default_rng(seed))
    hidden = hide(session, n, part)
    sums = shown_sums(n, part, hidden)
    cells = np.eye(len(n))
    for i in range(len(n)):
        if hidden.cells[i]:
            assert not known(sums, cells[i]), "a hidden cell"
        else:
            assert n[i] == 0 or n[i] >= LEAST
    for k in range(part.max()):
        inside = (part == k + 1).astype(float)
        if hidden.parts[k]:
            assert not known(sums, inside), "a hidden community"
        else:
            assert n[part == k + 1].sum() == 0 or n[part == k + 1].sum() >= LEAST


@pytest.mark.parametrize("seed", range(60))
def test_nor_does_it_for_who_knows_one_more(session: Session, seed: int):
    """A leader knows the own grid, a clerk the own community and its grids."""
    n, part = random_town(np.random.default_rng(1000 + seed))
    hidden = hide(session, n, part)
    sums = shown_sums(n, part, hidden)
    cells = np.eye(len(n))
    small = [i for i in range(len(n)) if 0 < n[i] < LEAST]
    leaders = [[i] for i in range(len(n)) if n[i] > 0]
    clerks = [np.flatnonzero(part == k + 1).tolist() for k in range(part.max())]
    for mine in [*leaders, *clerks]:
        more = np.vstack([sums, cells[mine]])
        for i in set(small) - set(mine):
            assert not known(more, cells[i])


def test_a_town_without_small_numbers_shows_all(session: Session):
    hidden = hide(session, np.array([0, 5, 180, 250]), np.array([1, 1, 2, 2]))
    assert not any(hidden.cells) and not any(hidden.parts) and not hidden.whole


def test_a_single_small_grid_takes_two_more_with_it_and_no_total(session: Session):
    n = np.array([3, 40, 180, 250, 300, 100, 110, 120, 130])
    hidden = hide(session, n, np.array([1, 1, 1, 1, 1, 2, 2, 2, 2]))
    assert hidden.cells == [True, True, True, False, False, False, False, False, False]
    assert hidden.parts == [False, False]


def test_a_small_township_shows_nothing(session: Session):
    hidden = hide(session, np.array([1, 0, 2]), np.array([1, 1, 2]))
    assert hidden.whole
    assert hidden.cells == [True, False, True]


@pytest.fixture(scope="module")
def store(cluster: Any, template: str) -> Iterator[Engine]:
    """A town whose first grid has one house with two residents, the others about 25."""
    with own_database(cluster, template, "counts") as engine:
        with transaction(engine) as session:
            fill_town(session)
            session.execute(text(_THIN))
        yield engine


@pytest.fixture(scope="module")
def web(store: Engine) -> Engine:
    return web_engine(store)


@pytest.fixture(scope="module")
def people(store: Engine) -> dict[str, int]:
    with transaction(store) as session:
        return {
            "government": session.scalar(text("SELECT id FROM account")),
            "clerk": appointed(session, "community_clerk", A),
            "leader": appointed(session, "grid_leader", grid=A + "002"),
            "resident": appointed(session, "resident", A),
        }


def test_the_public_and_a_resident_see_totals_and_no_small_number(
    web: Engine, store: Engine, people: dict[str, int]
):
    with transaction(store) as session:
        exact = {row.code: row for row in summary.by_grid(session, 1)}
        whole = summary.by_community(session, 1)
    assert exact[A + "001"].residents == 2
    for who in (None, people["resident"]):
        with acting(web, who) as session:
            grids = {row.code: row for row in summary.by_grid(session, 1)}
            communities, total = summary.by_community(session, 1)
        assert grids[A + "001"].residents is None
        assert grids[A + "001"].households is None
        hidden = [code for code, row in grids.items() if row.residents is None]
        assert len(hidden) == 3 and all(code.startswith(A) for code in hidden)
        assert {c.residents for c in communities} == {c.residents for c in whole.communities}
        assert total == whole.total
        for code, row in grids.items():
            assert row.houses == exact[code].houses, "addresses are no secret"
            assert row.residents in (None, exact[code].residents)


def test_a_card_hides_what_the_table_hides(web: Engine):
    with acting(web, None) as session:
        grids = {row.code: row for row in summary.by_grid(session, 1)}
        for code in (A + "001", A + "002", "999901001009001"):
            card = grid_card(session, 1, code)
            for field in ("houses", "households", "residents", "events", "open_events"):
                assert getattr(card, field) == getattr(grids[code], field)


def test_exact_counts_are_seen_where_the_right_is_held(web: Engine, people: dict[str, int]):
    with acting(web, people["government"]) as session:
        assert all(row.residents is not None for row in summary.by_grid(session, 1))
    with acting(web, people["clerk"]) as session:
        grids = {row.code: row for row in summary.by_grid(session, 1)}
        assert grids[A + "001"].residents == 2
        assert grid_card(session, 1, A + "001").residents == 2
    with acting(web, people["leader"]) as session:
        grids = {row.code: row for row in summary.by_grid(session, 1)}
        assert grids[A + "002"].residents is not None
        assert grids[A + "001"].residents is None


def test_another_plan_is_not_counted_for_the_public(
    web: Engine, store: Engine, people: dict[str, int]
):
    with transaction(store) as session:
        draft = session.scalar(text(_DRAFT))
        session.execute(
            text("INSERT INTO grid (plan_id, code, name, kind, community_id, geom) "
                 "SELECT :new, code, name, kind, community_id, geom FROM grid WHERE plan_id = 1"),
            {"new": draft},
        )  # fmt: skip
        session.execute(
            text("INSERT INTO house_grid (plan_id, house_id, grid_id) SELECT :new, a.house_id, n.id "
                 "FROM house_grid a JOIN grid o ON o.id = a.grid_id "
                 "JOIN grid n ON n.plan_id = :new AND n.code = o.code WHERE a.plan_id = 1"),
            {"new": draft},
        )  # fmt: skip
    with acting(web, None) as session:
        assert {row.residents for row in summary.by_grid(session, draft)} <= {None, 0}
        counted = summary.by_community(session, draft)
        assert {row.residents for row in counted.communities} <= {None, 0}
        assert counted.total.residents is None
    with acting(web, people["clerk"]) as session:
        shown = {row.code[:12] for row in summary.by_grid(session, draft) if row.residents}
        assert shown == {A}
    with acting(web, people["government"]) as session:
        assert sum(row.residents or 0 for row in summary.by_grid(session, draft)) > 1000


def test_of_a_day_gone_by_those_events_count_that_were_there(
    store: Engine, web: Engine, people: dict[str, int]
):
    with transaction(store) as session:
        session.execute(
            text(
                "UPDATE event SET reported_at = CASE id % 3 WHEN 0 THEN timestamptz "
                "'2023-08-31 23:59+08' ELSE '2023-09-01 00:00+08' END, closed_at = CASE "
                "WHEN id % 2 = 0 THEN timestamptz '2023-09-01 00:00+08' END"
            )
        )
        whole, old = session.execute(
            text("SELECT count(*), count(*) FILTER (WHERE id % 3 = 0) FROM event")
        ).one()
    assert 0 < old < whole
    day, before = date(2023, 8, 31), date(2023, 8, 30)
    with acting(web, people["government"]) as session:
        now, then = (summary.by_community(session, 1, asked) for asked in (None, day))
        assert (now.total.events, then.total.events) == (whole, old)
        assert sum(row.events or 0 for row in then.communities) == old
        assert summary.by_community(session, 1, before).total.events == 0
        assert then.total.residents == now.total.residents
        still_open = session.scalar(
            text("SELECT open_events FROM count_plan(1, :day) WHERE level = 'township'"),
            {"day": day},
        )
        assert still_open == old
    with acting(web, people["clerk"]) as session:
        shown = {
            row.code for row in summary.by_community(session, 1, day).communities if row.events
        }
        assert shown <= {A}
    # Two days apart would tell what happened in one grid on one of them.
    with acting(web, None) as session:
        counted = summary.by_community(session, 1, day)
        assert not any(row.events for row in (*counted.communities, counted.total))
        assert counted.total.residents is not None
    for who in (None, people["clerk"], people["leader"], people["government"]):
        with acting(web, who) as session:
            told = session.execute(text(_GRIDS_OF_A_DAY), {"day": day}).all()
            for code, *numbers in told:
                card = grid_card(session, 1, code, day=day)
                assert [card.residents, card.events, card.open_events] == numbers, (who, code)
    client = app_over(store, account=people["government"]).test_client()
    cards = [
        client.get(f"/api/v1/grids/{code}?township=999901001&as_of={day}").json for code, *_ in told
    ]
    with transaction(store) as session:
        in_grids = session.scalar(text(_OLD_IN_GRIDS))
    assert sum(card["events"] for card in cards) == in_grids
    assert [card["events"] for card in cards] == [events for *_, events, _ in told]
    rows = client.get(f"/api/v1/plans/1/grids?as_of={day}").json["grids"]
    assert [row["events"] for row in rows] == [card["events"] for card in cards]
    # The map of that day asks for it, in its tiles too.
    page = client.get(f"/map?township=999901001&as_of={day}").text
    assert page.count(f".mvt?as_of={day}") == 2
    tile = "/tiles/open_events/1-x/6/53/24.mvt"
    assert client.get(f"{tile}?as_of={before}").data == b"" != client.get(tile).data


def test_the_least_number_shown_is_a_setting(web: Engine, store: Engine):
    with transaction(store) as session:
        session.execute(text("UPDATE township SET public_minimum = 0"))
    with acting(web, None) as session:
        assert all(row.residents is not None for row in summary.by_grid(session, 1))
    with transaction(store) as session:
        session.execute(text("UPDATE township SET public_minimum = 5"))


def test_the_api_says_null_for_a_hidden_number(store: Engine):
    client = app_over(store).test_client()
    grids = {row["code"]: row for row in client.get("/api/v1/plans/1/grids").json["grids"]}
    assert grids[A + "001"]["residents"] is None
    assert client.get(f"/api/v1/grids/{A}001").json["residents"] is None
    assert client.get("/api/v1/summary").json["total"]["residents"] > 1000


_THIN = """
WITH gone AS (
    SELECT a.house_id FROM house_grid a JOIN grid g ON g.id = a.grid_id
    WHERE g.code = '999901001001001' ORDER BY a.house_id OFFSET 1
), people AS (
    DELETE FROM resident WHERE household_id IN (
        SELECT f.id FROM household f JOIN gone ON gone.house_id = f.house_id)
)
UPDATE household SET house_id = (SELECT a.house_id FROM house_grid a JOIN grid g ON g.id = a.grid_id
                                 WHERE g.code = '999901001005001' ORDER BY 1 LIMIT 1)
WHERE house_id IN (SELECT house_id FROM gone)
"""
_GRIDS_OF_A_DAY = """
SELECT g.code, n.residents, n.events, n.open_events
FROM count_plan(1, :day) n JOIN grid g ON g.id = n.grid_id ORDER BY g.code COLLATE "C"
"""
_OLD_IN_GRIDS = """
SELECT count(*) FROM event e JOIN event_grid a ON a.event_id = e.id AND a.plan_id = 1
WHERE e.id % 3 = 0 AND a.grid_id IS NOT NULL
"""
_DRAFT = """
INSERT INTO plan (township_id, name, state) SELECT area_id, 'draft', 'draft' FROM township RETURNING id
"""
