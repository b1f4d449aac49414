"""Files made to do harm: bombs, entities, pointers to other hosts. Refused in words, at low cost."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gisgrid.core import crs
from gisgrid.core.errors import GisgridError, Invalid
from gisgrid.files.gdal import OUTSIDE, pyogrio
from gisgrid.files.read import open_table
from gisgrid.files.workbooks import cells
from tests.support.hostile import LAUGHS, SHEET, listening, opened, sheet_of, text_cell, workbook

ROWS = [["address", "lon"], ["虚构路1号", 1]]
POINT = {"type": "Feature", "properties": {"a": 1}, "geometry": {"type": "Point", "coordinates": [1, 2]}}  # fmt: skip
SHEET_KEY = SHEET.replace("/", "__")


def gzipped(path: Path, block: bytes, times: int) -> Path:
    with gzip.open(path, "wb", compresslevel=9) as out:
        for _ in range(times):
            out.write(block)
    return path


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return path


@pytest.mark.thorough
def test_an_archive_that_unpacks_to_nearly_nothing_is_a_bomb_whatever_its_name(tmp_path):
    zeros = b"0" * (60 << 20)
    paths = (
        workbook(tmp_path / "sheet.xlsx", ROWS, **{SHEET_KEY: zeros}),
        workbook(tmp_path / "side.xlsx", ROWS, xl__media__a__bin=zeros),
        zipped(tmp_path / "shape.zip", a__shp=zeros),
        zipped(tmp_path / "layer.gpkg", a__gpkg=zeros),
        zipped(tmp_path / "earth.kmz", doc__kml=zeros),
        gzipped(tmp_path / "list.csv.gz", b"a,b\n" * (1 << 18), 80),
        gzipped(tmp_path / "list.csv", b"a,b\n" * (1 << 18), 80),
        gzipped(tmp_path / "layer.gpkg.gz", zeros, 2),
        gzipped(tmp_path / "town.geojson.gz", b" " * (1 << 20), 80),
    )
    answers = opened(*paths)
    assert len(answers) == len(paths)
    for path, answer in zip(paths, answers, strict=True):
        assert answer.startswith("refused:") and "unpacks to far more" in answer, path.name


def test_the_size_that_may_be_unpacked_is_what_the_caller_says(tmp_path):
    path = tmp_path / "list.csv.gz"
    path.write_bytes(
        gzip.compress(b"".join(os.urandom(40).hex().encode() + b"\n" for _ in range(1 << 15)))
    )
    with pytest.raises(Invalid) as caught:
        open_table(path, most=1 << 20)
    assert "1 MB" in caught.value.in_language("zh") and caught.value.facts["most_mb"] == 1
    assert open_table(path, most=4 << 20).form == "text"
    big = workbook(tmp_path / "list.xlsx", [["address"], *[[f"虚构路{n}号"] for n in range(999)]])
    with pytest.raises(Invalid, match="unpacks"):
        open_table(big, most=1 << 12)


def test_xml_that_is_not_as_it_should_be_is_refused(tmp_path):
    laughing = sheet_of(f"<row>{text_cell('&a9;')}</row>", strange=LAUGHS)
    far = f"<!--{' ' * 9000}-->{LAUGHS}"  # past where a look at the beginning would find it
    outside = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    members = [
        (SHEET, laughing),
        (SHEET, sheet_of(f"<row>{text_cell('&a9;')}</row>", strange=far)),
        (SHEET, laughing.decode().replace("UTF-8", "UTF-16").encode("utf-16")),
        (SHEET, sheet_of(f"<row>{text_cell('&e;')}</row>", strange=outside)),
        ("xl/sharedStrings.xml", f"{LAUGHS}<sst><si><t>&a9;</t></si></sst>".encode()),
        ("xl/styles.xml", f"{far}<x>&a9;</x>".encode()),
        ("[Content_Types].xml", f"{far}<x/>".encode()),
        (SHEET, sheet_of("<row><c><v>1</v></c>")[:-40]),
        (SHEET, sheet_of('<row r="1"><c t="s"><v>99999</v></c></row>')),
    ]
    paths = [
        workbook(tmp_path / f"{n}.xlsx", ROWS, **{member.replace("/", "__"): data})
        for n, (member, data) in enumerate(members)
    ]
    answers = opened(*paths, room_mb=1000)
    assert len(answers) == len(paths)
    for answer in answers:
        assert answer.startswith("refused:"), answer
        assert "passwd" not in answer and "root:" not in answer


@pytest.mark.thorough
def test_a_sheet_of_air_costs_little(tmp_path):
    head = f'<row r="1">{text_cell("address", "A1")}</row>'
    # A row number that would be counted up to, one by one; a cell at the far right of each row.
    far_down = f'{head}<row r="1999999999">{text_cell("虚构路", "A1999999999")}</row>'
    far_right = head + "".join(f'<row r="{n}"><c r="XFD{n}"/></row>' for n in range(2, 40_000))
    paths = [
        workbook(tmp_path / f"{n}.xlsx", ROWS, **{SHEET_KEY: sheet_of(rows)})
        for n, rows in enumerate((far_down, far_right))
    ]
    assert opened(*paths, room_mb=1000) == ["read 0", "read 0"]


def test_cells_are_counted_without_building_them(tmp_path):
    path = workbook(tmp_path / "c.xlsx", ROWS)
    assert cells(path) == 4
    many = sheet_of(f"<row>{'<c/>' * 1000}</row>" * 1000).replace(b"<c/>", b"<x:c/>")
    workbook(path, ROWS, **{SHEET_KEY: many})
    assert cells(path) == 1_000_000


@pytest.mark.thorough
def test_what_no_table_has_is_refused_before_it_fills_the_memory(tmp_path):
    wide, commas = tmp_path / "wide.csv", tmp_path / "commas.csv"
    wide.write_text(",".join(f"c{n}" for n in range(1_000_000)) + "\n")
    commas.write_text("," * 10_000_000 + "\nx\n")
    book = workbook(tmp_path / "wide.xlsx", [[f"c{n}" for n in range(1001)]])
    endless = gzipped(tmp_path / "l.csv.gz", os.urandom(1 << 19).hex().encode(), 40)
    letter = tmp_path / "letter.csv"
    letter.write_text("x" * 200_000)
    answers = opened(wide, commas, book, endless, letter)
    for answer, words in zip(
        answers,
        ("more than 1,000 columns", "no header", "more than 1,000 columns", "a line of more than 16 MB",
            "is no header"),
        strict=True,
    ):  # fmt: skip
        assert answer.startswith("refused:") and words in answer


def test_entities_in_vector_files_do_not_grow(tmp_path):
    texts = {
        "b.gml": '<ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/" xmlns:gml='
            '"http://www.opengis.net/gml"><gml:featureMember><ogr:x fid="x.0"><ogr:a>&a9;</ogr:a>'
            "</ogr:x></gml:featureMember></ogr:FeatureCollection>",
        "b.kml": '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>&a9;</name>'
            "<Point><coordinates>1,2</coordinates></Point></Placemark></Document></kml>",
        "b.gpx": '<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'
            '<wpt lat="1" lon="2"><name>&a9;</name></wpt></gpx>',
    }  # fmt: skip
    for name, text in texts.items():
        (tmp_path / name).write_text(f'<?xml version="1.0"?>{LAUGHS}{text}')
    answers = opened(*(tmp_path / name for name in texts), room_mb=1000)
    assert len(answers) == 3  # GDAL stops at them: within time and memory, whatever it then says


def pointers(folder: Path, url: str) -> list[Path]:
    """Files that tell GDAL to fetch something."""
    geojson = {"type": "FeatureCollection", "features": [POINT]}
    vrt = (
        '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>'
        f"/vsicurl/{url}/x.geojson</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    texts = {
        "named.geojson": vrt,
        "late.geojson": f"<!--{' ' * 400}-->{vrt}",
        "service.xml": f"<OGRWFSDataSource><URL>{url}/wfs</URL></OGRWFSDataSource>",
        "link.geojson": json.dumps({**geojson, "crs": {"type": "link", "properties": {"href": f"{url}/crs"}}}),
        "url.geojson": json.dumps({**geojson, "crs": {"properties": {"url": f"{url}/crs"}, "type": "url"}}),
        # Written so that no look at the bytes finds it.
        "escaped.geojson": json.dumps({**geojson, "crs": {"type": "link", "properties": {"href": f"{url}/crs"}}})
            .replace('"link"', '"l\\u0069nk"'),
        "pipe.gdalg.json": json.dumps({"type": "gdal_streamed_alg", "command_line":
            f"gdal vector pipeline ! read /vsicurl/{url}/g.geojson ! write --output-format=stream s"}),
        "schema.gml": '<ogr:FeatureCollection xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="http://ogr.maptools.org/ {url}/schema.xsd" xmlns:ogr='
            '"http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml" xmlns:xlink='
            '"http://www.w3.org/1999/xlink"><gml:featureMember><ogr:x fid="x.0">'
            f'<ogr:r xlink:href="{url}/xlink#a"/><ogr:a>1</ogr:a></ogr:x></gml:featureMember>'
            "</ogr:FeatureCollection>",
        "entity.gml": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{url}/entity">]><ogr:FeatureCollection xmlns:ogr='
            '"http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml"><gml:featureMember>'
            '<ogr:x fid="x.0"><ogr:a>&e;</ogr:a></ogr:x></gml:featureMember></ogr:FeatureCollection>',
        "net.kml": '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link><href>'
            f"{url}/net.kml</href></Link></NetworkLink></Document></kml>",
        "list.csv": f"address,lon\n{url}/cell,=WEBSERVICE(\"{url}/formula\")\n",
    }  # fmt: skip
    made = [folder / name for name in texts]
    for path, text in zip(made, texts.values(), strict=True):
        path.write_text(text)
    linked = sheet_of(f"<row>{text_cell('address')}<c><f>WEBSERVICE('{url}/f')</f></c></row>")
    return [
        *made,
        zipped(folder / "inside.zip", x__vrt=vrt.encode()),
        workbook(folder / "book.xlsx", ROWS, **{SHEET_KEY: linked}),
    ]


@pytest.mark.thorough
def test_no_file_makes_a_load_ask_another_host(tmp_path, monkeypatch):
    # A machine that exempts hosts from its proxy must not open a way past ours.
    monkeypatch.setenv("NO_PROXY", "*")
    code = (
        "import sys\nfrom gisgrid.core.errors import GisgridError\n"
        "from gisgrid.files.read import open_table\n"
        "for name in sys.argv[1:]:\n"
        "    try: print(name, sum(len(c) for c in open_table(name).chunks()))\n"
        "    except GisgridError as error: print(name, error.message)\n"
    )
    with listening() as (url, asked):
        paths = pointers(tmp_path, url)
        addresses = [
            f"{url}/x.geojson",
            f"/vsicurl/{url}/x.geojson",
            f"{url}/x.csv",
            f"{url}/x.xlsx",
        ]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, *map(str, paths), *addresses],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == len(paths) + len(addresses)
        assert done.stdout.count("points to other data") >= 4
        assert done.stdout.count("There is no file") == len(addresses)
        for text in (f"{url}/crs", f"EPSG:4326+{url}"):
            with pytest.raises(GisgridError):
                crs.parse(text)
        assert asked == []


def test_the_ear_would_hear_gdal_without_our_limits(tmp_path):
    with listening() as (url, asked):
        path = next(p for p in pointers(tmp_path, url) if p.name == "link.geojson")
        code = "import sys, pyogrio; pyogrio.read_info(sys.argv[1])"
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, str(path)], check=True, timeout=60
        )
        assert asked == ["/crs"]


def test_drivers_that_look_elsewhere_are_not_registered():
    assert not set(OUTSIDE) & set(pyogrio.list_drivers())
    assert {"GPKG", "GeoJSON", "ESRI Shapefile", "LIBKML"} <= set(pyogrio.list_drivers())
