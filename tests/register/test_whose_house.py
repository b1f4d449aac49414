"""Whose is a house that two grids cover? The exclusive grid's, on every list: all of them add up to all houses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import Engine, text

from gisgrid.collection import completeness
from gisgrid.core import plans
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.paper import contents, sheets
from gisgrid.planning.attach import attach
from gisgrid.planning.overview import cards
from gisgrid.register import carried, grid_map, house_changes, households, stale, standing, today
from tests.support.accounts import acting, appointed, web_engine
from tests.support.database import own_database
from tests.support.web import app_over

DAY, DAYS = date(2023, 8, 31), 90

# Counted by geometry alone: the exclusive grid that covers the point, else the basic one, the lowest code on a border.
_BY_GEOMETRY = """
SELECT h.id, h.location_status = 'ok' AS located, EXISTS (SELECT FROM household f WHERE f.house_id = h.id) AS lived_in, (
    SELECT g.code FROM grid g WHERE g.plan_id = :plan AND ST_Covers(g.geom, h.geom)
    ORDER BY g.kind = 'basic', g.code COLLATE "C" LIMIT 1) AS code, (
    SELECT g.code FROM grid g WHERE g.plan_id = :plan AND g.kind = 'basic' AND ST_Covers(g.geom, h.geom)
    ORDER BY g.code COLLATE "C" LIMIT 1) AS basic
FROM house h
"""


# Town F's exclusive grids are made to lie over basic ones, a quarter of a kilometre beyond what they had for themselves.
_OVERLAY = (
    "UPDATE township SET grid_rule = 'overlay'",
    """
    UPDATE grid b SET geom = ST_Multi(ST_Union(b.geom, o.geom)) FROM (
        SELECT DISTINCT ON (e.id) b.id, e.geom FROM grid e JOIN grid b ON b.plan_id = e.plan_id AND b.kind = 'basic'
        AND ST_Relate(b.geom, e.geom, '****1****') WHERE e.plan_id = :plan AND e.kind = 'exclusive' ORDER BY e.id, b.code
    ) o WHERE o.id = b.id
    """,
    "UPDATE grid SET geom = ST_Multi(ST_Buffer(geom::geography, 250)::geometry) "
    "WHERE plan_id = :plan AND kind = 'exclusive'",
    # Below one of them no basic grid lies.
    """
    UPDATE grid b SET geom = ST_Multi(ST_CollectionExtract(ST_Difference(b.geom, e.geom), 3))
    FROM (SELECT geom FROM grid WHERE plan_id = :plan AND kind = 'exclusive' ORDER BY code COLLATE "C" LIMIT 1) e
    WHERE b.plan_id = :plan AND b.kind = 'basic'
    """,
)


@pytest.fixture(scope="module")
def store(cluster: Cluster, town_template: str) -> Iterator[Engine]:
    with own_database(cluster, town_template, "whose_house") as engine:
        with transaction(engine) as session:
            plan = plans.plan_in_force(session, plans.township(session).id)
            for statement in _OVERLAY:
                session.execute(text(statement), {"plan": plan.id})
            attach.attach(session, plan.id, "house")
        yield engine


@pytest.fixture(scope="module")
def government(store: Engine) -> int:
    with transaction(store) as session:
        return appointed(session, "township_government")


def test_the_houses_of_all_my_grids_are_all_houses(store: Engine, government: int):
    with transaction(store) as session:
        plan = plans.plan_in_force(session, plans.township(session).id)
        houses = session.execute(text(_BY_GEOMETRY), {"plan": plan.id}).all()
        kinds = Counter(
            session.scalars(text("SELECT kind FROM grid WHERE plan_id = :p"), {"p": plan.id})
        )
    expected = Counter(each.code for each in houses if each.code)
    over = [each for each in houses if each.code != each.basic]
    assert (kinds["exclusive"], kinds["basic"]) == (9, 44)
    assert len(over) > 100, "the town has houses under exclusive grids"
    assert any(each.basic is None for each in over) and any(each.basic for each in over)
    with acting(web_engine(store), government) as session:
        place = plans.township(session)
        registers = {each.code: each for each in households.registers(session, plan.id)}
        listed = {
            code: households.houses_of_grid(session, plan.id, code, DAY, days=DAYS, most=99_999)
            for code in registers
        }
        drawn = {code: grid_map.grid_map(session, plan.id, code) for code in registers}
        to_visit = {
            code: today.to_visit(session, place.id, DAY, days=DAYS, grid=code) for code in registers
        }
        kept = {
            code: carried.carried(session, plan.id, code, "", DAY, days=DAYS, most=99_999)
            for code in registers
        }
        stands = standing.standings(session, plan.id, DAY, recent=90, late=DAYS).grids
        filled = completeness.by_grid(session, place.id)
        paper = contents.packs(session, place, plan)
    numbers = {code: {each.id for each in houses} for code, houses in listed.items()}
    every = sorted(number for mine in numbers.values() for number in mine)
    assert every == sorted(each.id for each in houses if each.code), "each once, none left out"
    assert {code: len(mine) for code, mine in numbers.items() if mine} == expected
    assert {code: each.houses for code, each in registers.items() if each.houses} == expected
    assert {
        each.code: each.counts["houses"] for each in stands if each.code and each.counts["houses"]
    } == expected
    assert {
        each.code: each.counts.houses for each in filled if each.code and each.counts.houses
    } == expected
    for code, mine in numbers.items():
        shown = drawn[code]
        assert shown is not None
        assert set(shown.places) == {each.id for each in listed[code] if each.located}
        assert {each["id"] for each in kept[code].houses} == mine
        lived_in = {each.id for each in houses if each.code == code and each.lived_in}
        late = {each.house_id for each in to_visit[code]}
        assert late == {each.id for each in listed[code] if each.due == "visit"} <= lived_in
        assert {each.grid_code for each in to_visit[code]} <= {code}
    assert {pack.code: {each.id for each in pack.houses} for pack in paper.grids} == numbers
    assert paper.houses == len(houses)


def test_a_page_and_a_sheet_say_the_number_of_their_list(store: Engine, government: int):
    client = app_over(store, account=government).test_client()
    with transaction(store) as session:
        pairs = session.execute(
            text(
                "SELECT g.code, b.code AS basic FROM house_grid a JOIN grid g ON g.id = a.exclusive_grid_id "
                "JOIN grid b ON b.id = a.grid_id GROUP BY 1, 2 ORDER BY count(*) DESC, 1 LIMIT 1"
            )
        ).one()
        house = session.scalar(
            text(
                "SELECT min(a.house_id) FROM house_grid a JOIN grid g ON g.id = a.exclusive_grid_id WHERE g.code = :c"
            ),
            {"c": pairs.code},
        )
    pages = {code: client.get(f"/register/grid/{code}").text for code in pairs}
    assert f'data-house="{house}"' in pages[pairs.code]
    assert f'data-house="{house}"' not in pages[pairs.basic]
    for page in pages.values():
        (told,) = re.findall(r"全部房屋 (\d+)", page)
        assert int(told) == page.count("data-house=")
    assert pairs.code in client.get(f"/register/house/{house}").text
    with acting(web_engine(store), government) as session:
        place = plans.township(session)
        plan = plans.plan_in_force(session, place.id)
        paper = contents.packs(session, place, plan, list(pairs))
    sheet = sheets.html(paper, sheets=["plan"], language="en", site="")
    said = [int(each) for each in re.findall(r"Houses: <strong>(\d+)", sheet)]
    assert said == [len(pack.houses) for pack in paper.grids]
    assert said == [int(re.findall(r"全部房屋 (\d+)", pages[pack.code])[0]) for pack in paper.grids]


def test_a_house_of_two_grids_is_the_duty_of_the_exclusive_team_alone(
    store: Engine, government: int
):
    with transaction(store) as session:
        place = plans.township(session)
        exclusive, basic = session.execute(
            text(
                "SELECT g.code, b.code FROM house_grid a JOIN grid g ON g.id = a.exclusive_grid_id "
                "JOIN grid b ON b.id = a.grid_id GROUP BY 1, 2 ORDER BY count(*) DESC, 1 LIMIT 1"
            )
        ).one()
        alone = session.scalar(
            text(
                "SELECT min(g.code) FROM house_grid a JOIN grid g ON g.id = a.exclusive_grid_id WHERE a.grid_id IS NULL"
            )
        )
        both = session.scalar(
            text(
                "SELECT min(a.house_id) FROM house_grid a JOIN grid g ON g.id = a.exclusive_grid_id "
                "JOIN grid b ON b.id = a.grid_id WHERE g.code = :e AND b.code = :b"
            ),
            {"e": exclusive, "b": basic},
        )
        under = session.execute(
            text(
                "SELECT a.house_id, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat FROM house_grid a "
                "JOIN grid g ON g.id = a.exclusive_grid_id JOIN house h ON h.id = a.house_id "
                "WHERE g.code = :c AND a.grid_id IS NULL ORDER BY 1 LIMIT 1"
            ),
            {"c": alone},
        ).one()
        workers = {
            code: appointed(session, "grid_worker", grid=code, name=f"worker-{code}")
            for code in (exclusive, basic, alone)
        }
    with acting(web_engine(store), government) as session:
        plan = plans.plan_in_force(session, place.id)
        due = {
            code: {
                each.house_id
                for each in today.to_visit(session, place.id, DAY, days=DAYS, grid=code)
            }
            for code in workers
        }
        unverified = {
            code: today.count_stale(session, place.id, DAY, days=DAYS, grid=code)
            for code in workers
        }
        answers_for = {
            each.code: each.counts.houses for each in completeness.by_grid(session, place.id)
        }
    for code, account in workers.items():
        with acting(web_engine(store), account) as session:
            mine = {each.house_id for each in today.to_visit(session, place.id, DAY, days=DAYS)}
            assert mine == due[code] and due[code]
            assert today.count_to_visit(session, place.id, DAY, days=DAYS) == len(mine)
            assert today.count_stale(session, place.id, DAY, days=DAYS) == unverified[code]
            rows = stale.stale(session, place.id, DAY, days=DAYS, masked=True)
            assert len(rows) == unverified[code] and {each.grid for each in rows} == {code}
            filled = {
                each.code: each.counts.houses for each in completeness.by_grid(session, place.id)
            }
            assert filled == {code: answers_for[code]}
            listed = households.houses_of_grid(session, plan.id, code, DAY, days=DAYS, most=99_999)
            assert len(listed) == answers_for[code]
            # Whoever may see a house may see it still.
            may = session.scalars(
                text("SELECT unnest(houses_within('see_register', CAST(:ids AS bigint[])))"),
                {"ids": [both, under.house_id]},
            ).all()
            assert may == ([under.house_id] if code == alone else [both])
    spot = {"t": place.id, "lon": under.lon, "lat": under.lat}
    within = text("SELECT spot_within('keep_register', :t, :lon, :lat)")
    with acting(web_engine(store), workers[alone]) as session:
        assert session.scalar(within, spot)
        assert cards.house_card(session, plan.id, under.house_id).grid_code == alone
        ground = house_changes.ground_of(session, place.id, under.lon, under.lat)
        named = session.scalar(
            text("SELECT name FROM grid WHERE plan_id = :p AND code = :c"),
            {"p": plan.id, "c": alone},
        )
        assert ground is not None and ground.grid == named
    with acting(web_engine(store), workers[basic]) as session:
        assert not session.scalar(within, spot)
