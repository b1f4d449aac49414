"""Archives and vector files as people send them: in folders, in pieces, with odd code pages, from CAD and GPS."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.files.columns import Mapping
from gisgrid.files.read import open_table
from tests.support.sent_files import CELLS, X, Y, houses, spots, town_of_two_grids, write
from tests.support.town_f import load_kind


@pytest.fixture
def place(session: Session) -> Session:
    return town_of_two_grids(session)


def shapefile(
    folder: Path, stem: str = "grids", encoding: str = "gb18030", cpg: str | None = None
) -> Path:
    frame = gpd.GeoDataFrame(
        {"code": list(CELLS), "名称": ["石桥第一网格", "石桥第二网格"]},
        geometry=list(CELLS.values()), crs=4326,
    )  # fmt: skip
    path = folder / f"{stem}.shp"
    frame.to_file(path, encoding=encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


def zipped(
    path: Path, folder: Path, where: str = "", *, also: dict[str, bytes] | None = None
) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, f"{where}{part.name}")
        for name, data in (also or {}).items():
            archive.writestr(name, data)
    return path


def names(session: Session, path: Path, **details: Any) -> list[str]:
    session.execute(text("DELETE FROM plan WHERE state = 'draft'"))
    report = load_kind(session, "grids", path, plan="草案", **details)
    assert report.inserted == 2
    return list(session.scalars(text("SELECT g.name FROM grid g JOIN plan p ON p.id = g.plan_id AND p.state = 'draft' ORDER BY g.code")))  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [
        ("gb18030", "ANSI 936"), ("gb18030", "936"), ("gb18030", "CP936"), ("gb18030", "GB2312"),
        ("gb18030", "utf8"), ("gb18030", "ISO-8859-1"), ("gb18030", "1252"), ("gb18030", ""),
        ("gb18030", "nonsense"), ("utf-8", "GBK"), ("utf-8", "65001"), ("utf-8", None), ("gb18030", None),
    ],
)  # fmt: skip
def test_names_are_read_whatever_the_code_page_file_says(
    place: Session, tmp_path: Path, encoding: str, cpg: str | None
):
    path = shapefile(tmp_path, encoding=encoding, cpg=cpg)
    assert names(place, path) == ["石桥第一网格", "石桥第二网格"]
    (tmp_path / "z").mkdir()
    shapefile(tmp_path / "z", encoding=encoding, cpg=cpg)
    assert names(place, zipped(tmp_path / "a.zip", tmp_path / "z", "夹/里/")) == [
        "石桥第一网格",
        "石桥第二网格",
    ]


def test_of_several_sets_in_a_zip_one_is_named(place: Session, tmp_path: Path):
    for stem in ("旧", "新"):
        (tmp_path / stem).mkdir()
        shapefile(tmp_path / stem, stem)
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in [*(tmp_path / "旧").iterdir(), *(tmp_path / "新").iterdir()]:
            archive.write(part, f"数据/{part.name}")
    with pytest.raises(Invalid, match=r"several data sets: 数据/新\.shp, 数据/旧\.shp") as caught:
        open_table(path)
    assert caught.value.facts["layers"] == ["数据/新.shp", "数据/旧.shp"]
    for asked in ("新", "新.shp", "数据/新.shp"):
        assert open_table(path, layer=asked).decided["inside"] == "数据/新.shp"


def test_what_lies_beside_in_a_zip_does_not_count(place: Session, tmp_path: Path):
    (tmp_path / "s").mkdir()
    shapefile(tmp_path / "s")
    also = {
        "__MACOSX/s/._grids.shp": b"x",
        "s/.DS_Store": b"x",
        "说明.txt": "读我".encode(),
        "s/._grids.dbf": b"x",
        "图.png": b"x",
    }
    path = zipped(tmp_path / "a.zip", tmp_path / "s", "s/", also=also)
    assert names(place, path) == ["石桥第一网格", "石桥第二网格"]
    with pytest.raises(Invalid, match=r"holds no Shapefile.*it holds: 说明.txt"):
        open_table(
            zipped(tmp_path / "n.zip", tmp_path / "none", also={"说明.txt": b"x"})
            if (tmp_path / "none").mkdir() is None
            else path
        )


def test_a_table_in_a_zip_is_read_too(place: Session, tmp_path: Path):
    (tmp_path / "t").mkdir()
    write(
        tmp_path / "t/房屋.csv", "编码,地址,经度,纬度", f"H1,石桥路1号,{X},{Y}", encoding="gb18030"
    )
    report = houses(place, zipped(tmp_path / "a.zip", tmp_path / "t"))
    assert (report.inserted, report.decided["inside"]) == (1, "房屋.csv")
    assert report.table.path.name == "a.zip"


def test_a_zip_that_is_locked_says_so(tmp_path: Path):
    (tmp_path / "t").mkdir()
    write(tmp_path / "t/h.csv", "编码", "1")
    path = zipped(tmp_path / "a.zip", tmp_path / "t")
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)
    with pytest.raises(Invalid, match="locked by a password"):
        open_table(path)


def test_parts_of_two_shapefiles_are_no_shapefile(tmp_path: Path):
    path = shapefile(tmp_path)
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[4] = 7
    path.with_suffix(".dbf").write_bytes(dbf)
    with pytest.raises(Invalid, match="7 rows and its shapes are 2"):
        open_table(path)
    for part in (".shx", ".prj"):
        with pytest.raises(Invalid, match="part of a Shapefile"):
            open_table(path.with_suffix(part))
    path.with_suffix(".dbf").unlink()
    with pytest.raises(Invalid, match=r"lacks its \.dbf:"):
        open_table(path)


def test_capital_endings_are_the_same_endings(place: Session, tmp_path: Path):
    (tmp_path / "s").mkdir()
    shapefile(tmp_path / "s", cpg="936")
    for part in list((tmp_path / "s").iterdir()):
        part.rename(part.with_suffix(part.suffix.upper()))
    assert names(place, zipped(tmp_path / "A.ZIP", tmp_path / "s")) == [
        "石桥第一网格",
        "石桥第二网格",
    ]


def test_tab_separated_text_stays_text(place: Session, tmp_path: Path):
    path = write(tmp_path / "h.tab", "编码\t地址", "H1\t虚构路1号")
    assert houses(place, path, None).inserted == 1


def test_a_table_without_geometry_is_for_kinds_without(tmp_path: Path):
    frame = gpd.GeoDataFrame({"code": list(CELLS)}, geometry=list(CELLS.values()), crs=4326)
    path = tmp_path / "g.gpkg"
    frame.to_file(path, layer="grids", driver="GPKG")
    frame.set_geometry(shapely.centroid(frame.geometry.to_numpy()), crs=4326).to_file(
        path, layer="points", driver="GPKG"
    )
    frame.iloc[:0].to_file(path, layer="empty", driver="GPKG")
    assert open_table(path, shape="polygon").layer == "grids"
    with pytest.raises(Invalid, match="several layers: grids, points"):
        open_table(path)


def test_a_gpx_file_has_one_layer(place: Session, tmp_path: Path):
    point = f'<wpt lat="{Y}" lon="{X}"><name>H1</name><desc>虚构路1号</desc></wpt>'
    track = f'<trk><name>t</name><trkseg><trkpt lat="{Y}" lon="{X}"/><trkpt lat="{Y + 0.001}" lon="{X}"/></trkseg></trk>'
    head = '<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'
    path = write(tmp_path / "w.gpx", f"{head}{point}</gpx>")
    mapping = Mapping(columns={"code": "name", "address": "desc"})
    assert load_kind(place, "houses", path, mapping=mapping).inserted == 1
    assert spots(place) == {"H1": (X, Y)}
    both = write(tmp_path / "b.gpx", f"{head}{point}{track}</gpx>")
    assert open_table(both, shape="point").layer == "waypoints"
    assert open_table(both, shape="line").layer == "tracks"
    assert open_table(write(tmp_path / "t.gpx", f"{head}{track}</gpx>")).layer == "tracks"


def test_kml_folders_and_packed_kml_are_read(place: Session, tmp_path: Path):
    ring = " ".join(f"{x},{y},0" for x, y in CELLS["a"].exterior.coords)
    mark = f"<Placemark><name>a</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    kml = f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>d</name><Folder><name>网格</name>{mark}</Folder><Folder><name>空</name></Folder></Document></kml>'
    (tmp_path / "g.kml").write_text(kml, "utf-8")
    with zipfile.ZipFile(tmp_path / "g.kmz", "w") as archive:
        archive.writestr("doc.kml", kml)
    for name in ("g.kml", "g.kmz"):
        place.execute(text("DELETE FROM plan WHERE state = 'draft'"))
        mapping = Mapping(columns={"code": "Name"})
        report = load_kind(place, "grids", tmp_path / name, mapping=mapping, plan="草案")
        assert (report.inserted, report.decided["layer"]) == (1, "网格"), name


def drawing(path: Path, *, closed: bool) -> Path:
    """A line around cell a, as a CAD program saves it."""
    ring = list(CELLS["a"].exterior.coords)[:-1]
    vertices = "".join(f"10\n{x!r}\n20\n{y!r}\n" for x, y in ring)
    text_ = (
        "0\nSECTION\n2\nENTITIES\n0\nLWPOLYLINE\n5\n1\n100\nAcDbEntity\n8\na\n100\nAcDbPolyline\n"
        f"90\n{len(ring)}\n70\n{int(closed)}\n{vertices}0\nENDSEC\n0\nEOF\n"
    )
    path.write_text(text_)
    return path


def test_a_closed_line_of_a_drawing_is_a_polygon(place: Session, tmp_path: Path):
    mapping = Mapping(columns={"code": "Layer"}, crs="EPSG:4326")
    report = load_kind(
        place, "grids", drawing(tmp_path / "c.dxf", closed=True), mapping=mapping, plan="草案"
    )
    assert (report.inserted, report.noted.counts()) == (1, {"line_polygon": 1})
    report = load_kind(
        place, "grids", drawing(tmp_path / "o.dxf", closed=False), mapping=mapping, plan="草案"
    )
    assert report.rejected.counts() == {"line_open": 1}
