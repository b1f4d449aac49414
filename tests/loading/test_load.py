"""Files into the store: Town F whole, and each kind of bad input."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.datums import wgs84_to_gcj02
from gisgrid.core.errors import Conflict, Invalid, NotFound, UndeclaredCrs
from gisgrid.core.plans import plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.files.columns import Mapping
from gisgrid.loading.load import load
from gisgrid.loading.prepare import Order
from gisgrid.planning.attach.attach import counts
from gisgrid.planning.overview import summary
from tests.support.factories import create_matter, create_plan, create_township
from tests.support.town_f import load_kind, load_register, load_town, write


def test_town_f_comes_in_whole(session: Session):
    for kind, report in load_town(session).items():
        assert len(report.rejected.rows()) == 0, (kind, report.rejected.counts())
        assert report.inserted >= report.read, kind
    plan = plan_in_force(session, township(session).id)
    total = summary.by_community(session, plan.id).total
    assert (total.basic, total.exclusive) == (44, 9)
    assert total.residents == 8003
    assert total.uncovered_residents == 0
    grids = summary.by_grid(session, plan.id)
    assert sum(g.residents for g in grids) == 8003
    assert sum(g.events for g in grids) == total.events > 3000


def test_every_minor_matter_occurs_and_the_list_has_8_and_42(town: Session):
    majors, minors = town.execute(
        text("SELECT count(*) FILTER (WHERE parent_id IS NULL), count(parent_id) FROM matter")
    ).one()
    assert (majors, minors) == (8, 42)
    assert town.scalar(text("SELECT count(DISTINCT matter_id) FROM event")) == 42


def test_the_same_files_again_add_nothing(town: Session):
    runs = town.scalar(text("SELECT count(*) FROM import_run"))
    for kind, report in load_register(town).items():
        assert (report.inserted, report.updated) == (0, 0), kind
        assert report.run_id is None
    assert town.scalar(text("SELECT count(*) FROM import_run")) == runs
    assert town.scalar(text("SELECT count(*) FROM history WHERE table_name = 'house'")) == 0


def test_every_row_points_at_its_run(town: Session):
    tables = ("area", "grid", "house", "household", "resident", "staff", "team_member", "matter")
    for table in (*tables, "matter_list", "event", "street"):
        assert town.scalar(text(f"SELECT count(*) FROM {table} WHERE run_id IS NULL")) == 0, table
    kinds = town.scalars(text("SELECT kind FROM import_run ORDER BY id")).all()
    assert kinds[:3] == ["areas", "streets", "grids"]


def test_every_grid_has_one_leader_on_every_day(town: Session):
    worst = town.execute(
        text(
            """
            SELECT g.code, d::date, count(m.id) FROM grid g
            CROSS JOIN generate_series(date '2022-09-01', date '2023-08-31', '1 day') d
            LEFT JOIN team_member m ON m.grid_code = g.code AND m.role = 'leader'
              AND m.during @> d::date
            GROUP BY 1, 2 HAVING count(m.id) <> 1
            """
        )
    ).all()
    assert worst == []


def small_town(session: Session, **settings: str) -> None:
    made = create_township(session, "a b", **settings)
    create_plan(session, made, "a b")


HEAD = "code,address,lon,lat"
GOOD = "H1,学府路1号,120.9005,40.7005"


def test_undeclared_coordinates_are_refused_with_a_hint(session: Session, tmp_path: Path):
    small_town(session)
    with pytest.raises(UndeclaredCrs, match="degrees"):
        load_kind(session, "houses", write(tmp_path / "h.csv", HEAD, GOOD))


def test_a_changed_row_updates_and_keeps_its_old_self(session: Session, tmp_path: Path):
    small_town(session)
    load_kind(session, "houses", write(tmp_path / "h.csv", HEAD, GOOD), crs="wgs84")
    changed = write(tmp_path / "h2.csv", HEAD, "H1,学府路1号,120.9015,40.7005")
    report = load_kind(session, "houses", changed, crs="wgs84", trust_crs=True)
    assert (report.inserted, report.updated) == (0, 1)
    grid = session.scalar(text("SELECT g.code FROM house_grid JOIN grid g ON g.id = grid_id"))
    assert grid == "b"
    assert session.scalar(text("SELECT count(*) FROM history WHERE table_name = 'house'")) == 1


def test_a_large_load_leaves_the_table_with_all_its_keys(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("gisgrid.db.bulk.WORTH_IT", 1)
    small_town(session)
    keys = text(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = CAST('house' AS regclass) UNION ALL "
        "SELECT relname, pg_get_indexdef(oid) FROM pg_class JOIN pg_index ON indexrelid = oid "
        "WHERE indrelid = CAST('house' AS regclass) ORDER BY 1, 2"
    )
    before = session.execute(keys).all()
    odd = ['H2,"a ""b"", c",120.90051,40.7005', "H3,\\N,120.90052,40.7005", "H4,NULL,,"]
    path = write(tmp_path / "h.csv", HEAD, GOOD, *odd)
    assert load_kind(session, "houses", path, crs="wgs84").inserted == 4
    assert session.execute(keys).all() == before
    addresses = session.scalars(text("SELECT address FROM house ORDER BY code")).all()
    assert addresses == ["学府路1号", 'a "b", c', "\\N", "NULL"]
    again = load_kind(session, "houses", path, crs="wgs84")
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 4)


def test_good_rows_stay_and_bad_rows_are_told_by_number(session: Session, tmp_path: Path):
    small_town(session)
    path = write(
        tmp_path / "h.csv",
        HEAD,
        GOOD,
        "H2,学府路2号,40.7005,120.9005",
        "H3,学府路3号,10.5,40.7",
        "H1,学府路9号,120.9005,40.7005",
        GOOD,
        "H6,学府路6号,,",
    )
    report = load_kind(session, "houses", path, crs="wgs84")
    assert dict(report.rejected.by_row()) == {
        3: [("swapped", "lon, lat")],
        4: [("far", "lon, lat")],
        5: [("code_twice", "code")],
    }
    assert report.noted.counts() == {"row_twice": 1, "unlocated": 1}
    assert report.inserted == 2
    assert report.houses is not None
    assert (report.houses.attached, report.houses.unlocated) == (1, 1)


def test_many_streets_on_one_spot_are_a_placeholder(session: Session, tmp_path: Path):
    small_town(session)
    streets = "东西南北上下左右前后"
    rows = [f"P{i},{name}街{i}号,120.9004,40.7004" for i, name in enumerate(streets)]
    block = [f"B{i},同心路{i}号,120.9006,40.7004" for i in range(40)]
    report = load_kind(
        session, "houses", write(tmp_path / "h.csv", HEAD, *rows, *block), crs="wgs84"
    )
    assert report.noted.counts() == {"placeholder": len(streets)}
    assert report.houses is not None
    assert (report.houses.attached, report.houses.unlocated) == (40, len(streets))


@pytest.mark.thorough
def test_a_shifted_datum_is_detected_and_the_right_one_named(town: Session, tmp_path: Path):
    rows = town.execute(text("SELECT code, address, ST_X(geom), ST_Y(geom) FROM house")).all()
    x, y = wgs84_to_gcj02([row[2] for row in rows], [row[3] for row in rows])
    shifted = [
        f"{row[0]},{row[1]},{lon:.7f},{lat:.7f}" for row, lon, lat in zip(rows, x, y, strict=True)
    ]
    path = write(tmp_path / "shifted.csv", HEAD, *shifted)
    with pytest.raises(Invalid) as caught:
        load_kind(town, "houses", path, crs="wgs84")
    assert caught.value.facts["best"] == "gcj02"
    assert 400 < caught.value.facts["shift_m"] < 530
    assert caught.value.facts["change_grid"] > 1000
    verdict = load_kind(town, "houses", path, crs="gcj02").verdict
    assert verdict is not None
    assert not verdict.doubtful


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "big5"])
def test_encodings_are_detected_and_reported(session: Session, tmp_path: Path, encoding: str):
    small_town(session)
    lines = ["編號,地址,經度,緯度"] + [
        f"H{i},和平東路一段{i}號,120.9005,40.7005" for i in range(1, 30)
    ]
    path = write(tmp_path / "h.csv", *lines, encoding=encoding)
    report = load_kind(session, "houses", path, crs="wgs84")
    assert report.inserted == 29
    assert session.scalar(text("SELECT min(address) FROM house")) == "和平東路一段10號"
    assert report.table.encoding is not None


def test_a_gzipped_tsv_with_mapped_columns_loads(session: Session, tmp_path: Path):
    small_town(session)
    path = tmp_path / "h.tsv.gz"
    path.write_bytes(gzip.compress(b"k\tplace\tx\ty\nH1\tA St\t120.9005\t40.7005\n"))
    mapping = Mapping(
        columns={"code": "k", "address": "place", "lon": "x", "lat": "y"}, crs="EPSG:4326"
    )
    assert load_kind(session, "houses", path, mapping=mapping).inserted == 1
    kept = session.scalar(text("SELECT mapping FROM import_run"))
    assert kept["columns"]["address"] == "place"


def test_a_missing_column_says_what_the_file_has(session: Session, tmp_path: Path):
    small_town(session)
    with pytest.raises(Invalid, match=r"address.*thing"):
        load_kind(session, "houses", write(tmp_path / "h.csv", "code,thing", "1,2"), crs="wgs84")


def test_rows_that_hang_in_the_air_are_refused(session: Session, tmp_path: Path):
    small_town(session)
    load_kind(session, "houses", write(tmp_path / "h.csv", HEAD, GOOD), crs="wgs84")
    households = write(tmp_path / "f.csv", "code,house", "F1,H1", "F2,H9")
    assert load_kind(session, "households", households).rejected.counts() == {"unknown_house": 1}
    residents = write(tmp_path / "r.csv", "code,household,name", "R1,F1,测试甲", "R2,F2,测试乙")
    report = load_kind(session, "residents", residents)
    assert report.rejected.counts() == {"unknown_household": 1}
    assert report.inserted == 1


def test_visits_and_stations_load_and_hang_on_what_there_is(session: Session, tmp_path: Path):
    small_town(session)
    load_kind(session, "houses", write(tmp_path / "h.csv", HEAD, GOOD), crs="wgs84")
    visits = write(
        tmp_path / "v.csv",
        "code,house,staff,visited_on",
        "V1,H1,,2023-05-01",
        "V2,H9,,2023-05-01",
        "V3,H1,S9,2023-05-01",
    )
    report = load_kind(session, "visits", visits)
    assert report.rejected.counts() == {"unknown_house": 1, "unknown_staff": 1}
    assert report.inserted == 1
    stations = write(
        tmp_path / "st.csv",
        "code,name,kind,grid,since,lon,lat",
        "P1,虚构驿站,team_post,a,2022-01-01,120.9005,40.7005",
        "P2,虚构服务站,社区服务站,,,120.9015,40.7005",
        "P3,虚构驿站,team_post,,,120.9005,40.7005",
        "P4,虚构驿站,team_post,z,,120.9005,40.7005",
    )
    report = load_kind(session, "stations", stations, crs="wgs84")
    assert report.rejected.counts() == {"post_grid": 1, "unknown_grid": 1}
    assert load_kind(session, "stations", stations, crs="wgs84").run_id is None
    kinds = session.scalars(text("SELECT kind FROM station ORDER BY code")).all()
    assert kinds == ["team_post", "community"]


def test_a_second_leader_on_a_day_is_refused(session: Session, tmp_path: Path):
    small_town(session)
    head = "code,name,grid,role,since,until"
    path = write(
        tmp_path / "s.csv",
        head,
        "S1,测试甲,a,leader,2022-01-01,2022-12-31",
        "S2,测试乙,a,leader,2023-01-01,",
        "S3,测试丙,a,leader,2023-05-01,",
        "S3,测试丙,b,worker,2023-05-01,",
        "S4,测试丁,z,worker,2023-05-01,",
    )
    report = load_kind(session, "staff", path)
    assert report.rejected.counts() == {"two_leaders": 1, "unknown_grid": 1}
    assert session.scalar(text("SELECT count(*) FROM team_member")) == 3
    assert load_kind(session, "staff", path).run_id is None


def test_an_event_needs_a_minor_matter_of_its_day(session: Session, tmp_path: Path):
    made = create_township(session, "a b")
    create_plan(session, made, "a b")
    matter = create_matter(session, made, name="占道经营")
    head = "code,matter,reported_at,closed_at,lon,lat"
    path = write(
        tmp_path / "e.csv",
        head,
        f"E1,{matter.code},2023-05-01 09:00,2023-05-01 10:00,120.9005,40.7005",
        "E2,占道经营,2023-05-01 09:00,,120.9005,40.7005",
        "E3,占道经营,2019-05-01 09:00,,120.9005,40.7005",
        "E4,无此事项,2023-05-01 09:00,,120.9005,40.7005",
        "E5,占道经营,2023-05-01 09:00,2023-04-30 09:00,120.9005,40.7005",
    )
    report = load_kind(session, "events", path, crs="wgs84")
    assert report.rejected.counts() == {"closed_first": 1, "unknown_matter": 2}
    assert session.scalar(text("SELECT reported_at FROM event WHERE code = 'E1'")).hour == 1
    assert session.scalar(text("SELECT count(*) FROM event WHERE grid_code = 'a'")) == 2


def test_a_file_without_a_key_gets_one_from_its_rows(session: Session, tmp_path: Path):
    made = create_township(session, "a b")
    create_plan(session, made, "a b")
    create_matter(session, made, name="路灯")
    path = write(
        tmp_path / "e.csv",
        "matter,reported_at,lon,lat",
        *["路灯,2023-05-01 09:00,120.9005,40.7005"] * 2,
        "路灯,2023-05-02 09:00,120.9005,40.7005",
    )
    first = load_kind(session, "events", path, crs="wgs84", code_from_row=True)
    assert first.inserted == 3
    assert load_kind(session, "events", path, crs="wgs84", code_from_row=True).inserted == 0


def test_grids_go_into_a_draft_and_no_other_plan(session: Session, tmp_path: Path):
    create_township(session, "a b")
    path = write(
        tmp_path / "g.geojson",
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"g1"},'
        '"geometry":{"type":"Polygon","coordinates":[[[120.9,40.7],[120.901,40.7],'
        "[120.901,40.701],[120.9,40.701],[120.9,40.7]]]}}]}",
    )
    with pytest.raises(Invalid, match="--plan"):
        load_kind(session, "grids", path)
    assert load_kind(session, "grids", path, plan="new").inserted == 1
    assert session.scalar(text("SELECT count(*) FROM grid WHERE community_id IS NOT NULL")) == 1
    session.execute(
        text("UPDATE plan SET state = 'published', validity = daterange('2023-01-01', NULL)")
    )
    with pytest.raises(Conflict, match="draft"):
        load_kind(session, "grids", path, plan="new")


def test_a_killed_load_leaves_nothing(engine: Engine, tmp_path: Path):
    with transaction(engine) as session:
        small_town(session)
    path = write(tmp_path / "h.csv", HEAD, GOOD)

    class Killed(Exception):
        pass

    def die(done: int, total: int | None, what: str) -> None:
        if what == "attaching":
            raise Killed

    with pytest.raises(Killed), transaction(engine) as session:
        load(session, Order("houses", path, mapping=Mapping(crs="wgs84")), progress=die)
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM house")) == 0
        assert session.scalar(text("SELECT count(*) FROM import_run")) == 0


def test_what_is_not_there_is_named(session: Session, tmp_path: Path):
    with pytest.raises(NotFound, match="areas"):
        load_kind(session, "houses", write(tmp_path / "h.csv", HEAD, GOOD), crs="wgs84")
    small_town(session)
    with pytest.raises(NotFound):
        load_kind(session, "houses", tmp_path / "none.csv", crs="wgs84")


def test_counts_of_the_town_reconcile(town: Session):
    plan = plan_in_force(town, township(town).id)
    for kind in ("house", "event"):
        c = counts(town, plan.id, kind)
        assert c.attached + c.outside + c.unlocated == town.scalar(
            text(f"SELECT count(*) FROM {kind}")
        )
