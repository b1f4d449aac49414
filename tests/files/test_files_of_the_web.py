"""Files that come over the web are read apart: what they do there reaches neither the server nor the store."""

from __future__ import annotations

import io
import os
import random
import sqlite3
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from gisgrid.core.errors import Invalid, TooBusy
from gisgrid.core.plans import PlanInfo
from gisgrid.db.store import transaction
from gisgrid.files import reading_apart, sniff
from gisgrid.files.frames import GEOMETRY
from gisgrid.files.read import open_table
from gisgrid.files.reading_apart import open_apart
from tests.support import forked_readers
from tests.support.editor import client_of, drafted
from tests.support.hostile import workbook
from tests.support.mutations import mutated
from tests.support.town_files import DATA


@pytest.fixture(autouse=True)
def _started(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stranger's file gets, and not the fork of it that the other tests take."""
    monkeypatch.setattr(reading_apart, "_run", forked_readers.STARTED)


@pytest.fixture
def draft(engine: Engine) -> PlanInfo:
    with transaction(engine) as session:
        return drafted(session)


def geopackage(path: Path, *statements: str) -> Path:
    """The grids of the town as a GeoPackage, with more done to it."""
    gpd.read_file(DATA / "boundaries/grids.geojson").to_file(path, driver="GPKG", layer="grids")
    with sqlite3.connect(path) as base:
        for statement in statements:
            base.execute(statement)
    base.close()
    return path


ENDLESS = (
    "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT i AS fid, 'x' AS code, NULL AS geom FROM n",
    "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) "
    "VALUES ('endless', 'features', 'endless', 4326)",
    "INSERT INTO gpkg_geometry_columns VALUES ('endless', 'geom', 'POLYGON', 4326, 0, 0)",
)


def sent(client: FlaskClient, data: bytes, file: str, **form: str) -> Any:
    return client.post("/plan/import", data={"file": (io.BytesIO(data), file), **form})


@pytest.mark.thorough
def test_an_endless_view_is_refused_in_words_and_holds_nothing(
    engine: Engine, draft: PlanInfo, tmp_path: Path
):
    data = geopackage(tmp_path / "grids.gpkg", *ENDLESS).read_bytes()
    client = client_of(engine, "planner")
    for lang, word in (("zh", "含有视图（endless）"), ("en", "holds a view (endless)")):
        for layer in ("", "endless", "grids"):
            form = {"name": "外来", "file": (io.BytesIO(data), "g.gpkg"), "layer": layer}
            answer = client.post(f"/plan/import?lang={lang}", data=form)
            assert (answer.status_code, word in answer.json["detail"]) == (422, True), answer.text
    with transaction(engine) as session:
        assert session.scalar(text("SELECT count(*) FROM plan")) == 2
        others = session.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
            )
        )
        assert others == 0


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("CREATE TRIGGER grow AFTER INSERT ON grids BEGIN DELETE FROM grids; END", "a trigger"),
        ("CREATE VIRTUAL TABLE words USING fts5(a)", "a virtual table"),
        ("CREATE TABLE made (a, b GENERATED ALWAYS AS (hex(zeroblob(a))))", "a computed column"),
        ("CREATE TABLE kept (a, b AS (a || a) STORED)", "a computed column"),
        ("DROP TABLE gpkg_contents", "no GeoPackage"),
    ],
)
def test_a_geopackage_holds_plain_tables(tmp_path: Path, statement: str, word: str):
    path = geopackage(tmp_path / "g.gpkg", statement)
    with pytest.raises(Invalid, match=word) as caught:
        sniff.refuse_unplain(path)
    assert caught.value.in_language("zh") != caught.value.message


def test_what_programs_put_into_a_geopackage_is_plain(tmp_path: Path):
    styles = (
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, f_table_name TEXT, styleQML TEXT)",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) "
        "VALUES ('layer_styles', 'attributes', 'layer_styles')",
    )
    path = geopackage(tmp_path / "g.gpkg", *styles)
    sniff.refuse_unplain(path)
    data = bytearray(path.read_bytes())
    data[8192:16384] = bytes(8192)
    path.write_bytes(data)
    with pytest.raises(Invalid, match="damaged"):
        sniff.refuse_unplain(path)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("g.gpkg", b'{"type": "FeatureCollection", "features": []}'),
        ("g.geojson", b"SQLite format 3\0" + bytes(100)),
        ("g.json", b"PK\x03\x04" + bytes(100)),
        ("g.zip", b"<OGRVRTDataSource/>"),
        ("g.kml", b"\x89PNG\r\n\x1a\n" + bytes(9)),
        ("g.csv", b"\x7fELF" + bytes(100)),
        ("g.vrt", b"<OGRVRTDataSource/>"),
        ("g.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)),
    ],
)
def test_a_file_is_what_its_name_says(tmp_path: Path, name: str, data: bytes):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Invalid, match="first bytes"):
        sniff.refuse_disguised(tmp_path / name)


@pytest.mark.thorough
def test_what_is_read_apart_is_what_is_read_here(tmp_path: Path):
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    gpd.read_file(DATA / "boundaries/grids.geojson").to_file(folder / "g.fgb", driver="FlatGeobuf")
    geopackage(folder / "g.gpkg")
    (folder / "h.csv").write_bytes((DATA / "register/houses.csv").read_bytes())
    workbook(folder / "b.xlsx", [["编码", "地址"], ["1", "虚构路1号"], ["2", None]])
    for path in sorted(folder.iterdir()):
        here, there = open_table(path), open_apart(path)
        for name in (
            "form",
            "columns",
            "crs",
            "encoding",
            "sha256",
            "rows",
            "layer",
            "header_row",
            "bounds",
        ):
            assert getattr(here, name) == getattr(there, name), (path.name, name)
        ours, theirs = next(here.chunks()), next(there.chunks())
        assert ours.index.tolist() == theirs.index.tolist()
        for column in ours:
            if column == GEOMETRY:
                assert all(
                    a.equals_exact(b) for a, b in zip(ours[column], theirs[column], strict=True)
                )
            else:
                assert ours[column].tolist() == theirs[column].tolist()
        assert [len(c) for c in there.chunks(7)][:1] == [min(7, len(ours))]


def reading(monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    for name, value in limits.items():
        monkeypatch.setattr(reading_apart, name, value)


@pytest.mark.thorough
def test_a_file_that_takes_too_long_or_too_much_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    rows = [
        ["address", *range(90)],
        *[["虚构路", *[f"{n}-{i}" for i in range(90)]] for n in range(3000)],
    ]
    path = workbook(tmp_path / "b.xlsx", rows)
    with monkeypatch.context() as tight:
        reading(tight, CPU_S=1)
        with pytest.raises(Invalid, match="too long"):
            open_apart(path)
    with monkeypatch.context() as tight:
        reading(tight, WALL_S=1)
        with pytest.raises(Invalid, match="too long"):
            open_apart(path)
    with monkeypatch.context() as tight:
        reading(tight, MEMORY_MB=200)
        with pytest.raises(Invalid, match=r"memory|cannot be read"):
            open_apart(path)
    with monkeypatch.context() as tight:
        reading(tight, FILE_MB=1)
        with pytest.raises(Invalid, match="cannot be read"):
            open_apart(path)
    children = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "args="],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "apart_child" not in children.stdout
    assert len(next(open_apart(path).chunks())) == 3000


def test_the_child_knows_no_secret_and_no_module_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret@nowhere/x")
    monkeypatch.setenv("GISGRID_SECRET_KEY", "secret")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')")
    (tmp_path / "h.csv").write_text("code,address\n1,虚构路1号\n", "utf-8")
    assert open_apart(tmp_path / "h.csv").columns == ("code", "address")
    assert not {"DATABASE_URL", "GISGRID_SECRET_KEY", "PYTHONPATH"} & set(
        reading_apart._environment(tmp_path)
    )


def test_more_files_than_places_wait_and_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "h.csv").write_text("code\n1\n")
    monkeypatch.setattr(reading_apart, "WAIT_S", 0.05)
    for _ in range(reading_apart.AT_ONCE):
        assert reading_apart._places.acquire(timeout=1)
    try:
        with pytest.raises(TooBusy, match="in a minute"):
            open_apart(tmp_path / "h.csv")
    finally:
        for _ in range(reading_apart.AT_ONCE):
            reading_apart._places.release()
    assert open_apart(tmp_path / "h.csv").columns == ("code",)


def test_an_answer_that_is_none_is_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As if the bytes had taken the child over: it says what it likes, and is believed nothing but rows."""
    (tmp_path / "h.csv").write_text("code\n1\n")
    for answer in (b"\x80\x04evil", b"[]", b'{"done": 1', b" " * (17 << 20)):

        def cheat(verb: str, folder: Path, order: Any, answer: bytes = answer) -> int:
            (folder / "stderr.txt").write_text("")
            (folder / reading_apart.ANSWER).write_bytes(answer)
            return 0

        monkeypatch.setattr(reading_apart, "_run", cheat)
        with pytest.raises(Invalid, match="cannot be read"):
            open_apart(tmp_path / "h.csv")


def whole_files(tmp_path: Path, client: FlaskClient, draft: PlanInfo) -> dict[str, bytes]:
    """The plan in each form that it may come in, and tables of places."""
    files = {
        f"plan.{ending}": client.get(f"/plan/{draft.id}/grids.{ending}").data
        for ending in ("gpkg", "geojson")
    }
    (tmp_path / "p.gpkg").write_bytes(files["plan.gpkg"])
    frame = gpd.read_file(tmp_path / "p.gpkg")
    frame.to_file(tmp_path / "grids.shp", encoding="utf-8")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(tmp_path.glob("grids.*")):
            archive.write(part, part.name)
    files["plan.zip"] = packed.getvalue()
    rows = [
        ["address", "lon", "lat"],
        *[[f"虚构路{n}号", 120.9 + n / 1e4, 40.7] for n in range(40)],
    ]
    files["table.xlsx"] = workbook(tmp_path / "t.xlsx", rows).read_bytes()
    files["table.csv"] = "\n".join(",".join(map(str, row)) for row in rows).encode()
    return files


@pytest.mark.parametrize(
    "many",
    [pytest.param(30, marks=pytest.mark.thorough), pytest.param(300, marks=pytest.mark.long)],
)
def test_mutated_files_are_taken_whole_or_refused_in_words(
    engine: Engine, draft: PlanInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
):
    monkeypatch.setattr(reading_apart, "_run", forked_readers.run)
    client = client_of(engine, "planner")
    files = whole_files(tmp_path, client, draft)
    whole = len(client.get(f"/plan/{draft.id}/view.json").json["grids"])
    for name in ("plan.gpkg", "plan.geojson", "plan.zip"):
        assert sent(client, files[name], name, crs="EPSG:4326", name=name).status_code == 303, name
    taken = 0
    for n in range(many):
        name = sorted(files)[n % len(files)]
        data = mutated(files[name], random.Random(n))
        with transaction(engine, read_only=True) as session:
            before = session.scalar(text("SELECT max(id) FROM plan"))
        if name.startswith("plan"):
            answer = sent(client, data, name, crs="EPSG:4326", name=f"第{n}")
        else:
            answer = client.post("/api/v1/locate", data={"file": (io.BytesIO(data), name)})
        about = (n, name, answer.status_code, answer.text[:300])
        assert answer.status_code in (200, 303, 409, 422), about
        if answer.status_code in (409, 422):
            assert answer.json["detail"], about
        with transaction(engine, read_only=True) as session:
            made = session.execute(
                text(
                    "SELECT p.id, count(g.id) FROM plan p LEFT JOIN grid g ON g.plan_id = p.id "
                    "WHERE p.id > :before GROUP BY p.id"
                ),
                {"before": before},
            ).all()
        assert [count for _, count in made] == [whole] * (answer.status_code == 303), about
        taken += len(made)
    assert taken < many / 2


@pytest.mark.thorough
def test_what_mends_a_file_is_said_in_the_words_of_the_form(
    engine: Engine, draft: PlanInfo, tmp_path: Path
):
    client = client_of(engine, "planner")
    path = tmp_path / "g.gpkg"
    path.write_bytes(client.get(f"/plan/{draft.id}/grids.gpkg").data)
    whole = gpd.read_file(path)
    path.unlink()
    for layer in ("甲", "乙"):
        whole.to_file(path, layer=layer, driver="GPKG")
    for lang, words in (
        ("zh", "请在“图层或工作表”一栏中填写"),
        ("en", "into the field “Layer or sheet”"),
    ):
        answer = client.post(f"/plan/import?lang={lang}", data={"name": "两", "file": (io.BytesIO(path.read_bytes()), "g.gpkg")})  # fmt: skip
        assert answer.status_code == 422
        assert words in answer.json["detail"] and "--" not in answer.json["detail"]
    page = client.get("/plan/?lang=zh").text
    assert "图层或工作表" in page and "允许网格改属其他社区" in page
    assert sent(client, path.read_bytes(), "g.gpkg", name="两", layer="乙").status_code == 303
    # Another community, and none is named: the community is the one of the plan in force.
    other = whole.copy()
    other["community"] = other["community"].iloc[::-1].to_numpy()
    other.to_file(path, layer="甲", driver="GPKG")
    moved = sent(client, path.read_bytes(), "g.gpkg", name="移", layer="甲", lang="zh")
    assert moved.status_code == 422
    assert "请勾选“允许网格改属其他社区”" in moved.json["detail"]
    plain = "code,wkt\n" + "\n".join(f'{c},"{g.wkt}"' for c, g in zip(whole["code"], whole.geometry, strict=True))  # fmt: skip
    undeclared = sent(client, plain.encode(), "g.csv", name="表")
    assert "请在“坐标系”一栏中填写" in undeclared.json["detail"]
    assert sent(client, plain.encode(), "g.csv", name="表", crs="EPSG:4326").status_code == 303
