"""A store that was filled at an older revision goes up with every row, and the rights hold for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from gisgrid.db import migrate
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.people.privacy.audit import verify
from gisgrid.people.unmask import open_residents
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.database import own_database

OLD = "0004"
"""The last revision before there were rights: all that came later stands on these rows."""
COMMUNITIES = ("999901001001", "999901001002")

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def old(cluster: Cluster) -> Iterator[tuple[Engine, Rows]]:
    """The store after the upgrade, and the rows of every table before it."""
    with own_database(cluster, "template1", "old") as engine:
        migrate.upgrade(engine, OLD)
        with transaction(engine) as session:
            for statement in _ROWS.split(";\n"):
                session.execute(text(statement))
        before = rows_of(engine, sorted(set(inspect(engine).get_table_names()) - NOT_OURS))
        migrate.upgrade(engine)
        yield engine, before


def rows_of(engine: Engine, tables: list[str]) -> Rows:
    with engine.connect() as connection:
        return {
            table: list(connection.scalars(text(f"SELECT to_jsonb(t) FROM {table} t ORDER BY t")))
            for table in tables
        }


def test_a_store_filled_at_an_older_revision_goes_up_with_all_its_rows(old: tuple[Engine, Rows]):
    store, before = old
    assert {table for table, rows in before.items() if not rows} == EMPTY
    assert migrate.current(store) == migrate.head()
    after = rows_of(store, list(before))
    for table, rows in before.items():
        assert not rows or [{k: row[k] for k in rows[0]} for row in after[table]] == rows, table
    with store.connect() as connection:
        assert migrate.differences(connection) == []

    # A change is kept in history beside what was kept before.
    with transaction(store) as session:
        session.execute(text("UPDATE house SET address = '新路9号' WHERE code = 'H1'"))
    kept = [r["old"]["address"] for r in rows_of(store, ["history"])["history"] if r["table_name"] == "house"]  # fmt: skip
    assert kept == ["旧路1号", "虚构路1号"]


def test_the_rights_hold_for_rows_that_are_older_than_they(old: tuple[Engine, Rows]):
    store, _ = old
    with transaction(store) as session:
        clerk = appointed(session, "community_clerk", COMMUNITIES[0])
    web = web_engine(store)
    with acting(web, clerk) as session:
        refused(session, "SELECT name FROM resident")
        assert session.execute(text("SELECT name, phone FROM masked_resident")).all() == [
            ("测*", "199****1101")
        ]
        assert session.scalars(text("SELECT code FROM event")).all() == ["E1"]
        assert session.scalar(text("SELECT count(*) FROM visit")) == 1
    with acting(web, None) as session:
        for table in ("resident", "household", "event", "visit", "staff"):
            assert session.scalar(text(f"SELECT count(id) FROM {table}")) == 0
    with transaction(store, read_only=True) as session:
        people = session.scalars(text("SELECT id FROM resident ORDER BY id")).all()
    with acting(web, clerk, "care") as session:
        assert [p.name for p in open_residents(session, people)] == ["测试甲"]
    with transaction(store) as session:
        found = session.scalars(text("SELECT action FROM audit_entry ORDER BY id")).all()
        assert (found[-1], found.count("unmask"), verify(session).broken) == ("unmask", 1, None)


EMPTY = {"address_key", "address_street", "alias"}
"""The index of addresses, which ``gisgrid index`` makes anew."""
NOT_OURS = {"spatial_ref_sys", "alembic_version"}

_ROWS = """
INSERT INTO import_run (kind, township, file_name, sha256, who) VALUES ('houses', '999901001', '户.csv', 'x', '测试');
INSERT INTO area (code, level, name, geom)
SELECT '999901', 'county', '虚构县', ST_Multi(ST_MakeEnvelope(120.9, 40.7, 120.908, 40.703, 4326));
INSERT INTO area (code, level, name, parent_id, geom)
SELECT '999901001', 'township', '虚构镇', id, geom FROM area WHERE level = 'county';
INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM area WHERE level = 'township';
INSERT INTO area (code, level, name, parent_id, geom)
SELECT '99990100100' || n, 'community', '社区' || n, t.id,
       ST_Multi(ST_MakeEnvelope(120.9 + (n - 1) * 0.004, 40.7, 120.9 + n * 0.004, 40.703, 4326))
FROM area t, generate_series(1, 2) n WHERE t.level = 'township';
INSERT INTO plan (township_id, name, state, validity)
SELECT area_id, '2022年方案', 'published', daterange('2022-09-01', NULL) FROM township;
INSERT INTO grid (plan_id, code, name, community_id, geom)
SELECT p.id, a.code || '001', a.name || '第1网格', a.id, a.geom FROM plan p, area a WHERE a.level = 'community';
INSERT INTO street (township_id, code, name, geom)
SELECT area_id, 'S1', '虚构路', ST_GeomFromText('MULTILINESTRING((120.9 40.701, 120.908 40.701))', 4326)
FROM township;
INSERT INTO house (township_id, code, address, community_id, geom, run_id)
SELECT t.area_id, 'H' || right(a.code, 1), '旧路' || right(a.code, 1) || '号', a.id, ST_Centroid(a.geom), r.id
FROM township t, area a, import_run r WHERE a.level = 'community';
UPDATE house SET address = '虚构路1号' WHERE code = 'H1';
INSERT INTO household (township_id, code, house_id, room, verified_on)
SELECT township_id, 'F' || code, id, '101', '2023-01-05' FROM house;
INSERT INTO resident (township_id, code, household_id, name, citizen_id, phone, sex, birth_date, needs)
SELECT township_id, 'R' || code, id, CASE code WHEN 'FH1' THEN '测试甲' ELSE '测试乙' END, '99990219130711112X',
       '19911111101', 'f', '1913-07-11', ARRAY['elderly'] FROM household;
INSERT INTO matter_list (township_id, version, validity)
SELECT area_id, '1', daterange('2020-01-01', NULL) FROM township;
INSERT INTO matter (list_id, code, name) SELECT id, '01', '市容环境' FROM matter_list;
INSERT INTO staff (township_id, code, name, phone) SELECT area_id, 'W1', '测试员', '19911111102' FROM township;
INSERT INTO team_member (township_id, staff_id, grid_code, role, during)
SELECT s.township_id, s.id, g.code, 'leader', daterange('2022-01-01', NULL) FROM staff s, grid g;
INSERT INTO event (township_id, code, matter_id, reported_at, text, address, community_id, geom)
SELECT h.township_id, 'E' || right(h.code, 1), m.id, '2023-05-01 01:00Z', '路灯不亮', h.address, h.community_id, h.geom
FROM house h, matter m;
INSERT INTO house_grid (plan_id, house_id, grid_id, border_m)
SELECT g.plan_id, h.id, g.id, 30 FROM house h JOIN grid g ON g.community_id = h.community_id;
INSERT INTO event_grid (plan_id, event_id, grid_id, border_m)
SELECT g.plan_id, e.id, g.id, 30 FROM event e JOIN grid g ON g.community_id = e.community_id;
INSERT INTO visit (township_id, code, house_id, staff_id, visited_on)
SELECT h.township_id, 'V' || h.code, h.id, s.id, '2023-06-01' FROM house h, staff s;
INSERT INTO station (township_id, code, name, kind, during, geom)
SELECT area_id, 'T1', '驿站', 'township', daterange('2022-01-01', NULL), ST_SetSRID(ST_MakePoint(120.901, 40.701), 4326)
FROM township;
INSERT INTO workload_weights (township_id, version, weights) SELECT area_id, '1', '{"visit": 20}' FROM township
"""
