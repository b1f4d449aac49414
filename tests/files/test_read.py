import datetime as dt
import gzip
import hashlib
import json

import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely

from gisgrid.core.errors import Invalid, NotFound
from gisgrid.files import encodings
from gisgrid.files.read import GEOMETRY, MORE_CELLS, open_table

REGISTER = "编号,详细地址,经度,纬度\n007,幸福路３号,120.9000,40.7\n008,,120.91,40.71\n"


def rows_of(table, rows=100_000):
    return pd.concat(list(table.chunks(rows)))


def written(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("codec", "name"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gbk", "gb18030"), ("gb18030", "gb18030"),
     ("utf-16", "utf-16")],
)  # fmt: skip
def test_encodings_are_detected(tmp_path, codec, name):
    table = open_table(written(tmp_path, "r.csv", REGISTER.encode(codec)))
    assert (table.encoding, table.columns) == (name, ("编号", "详细地址", "经度", "纬度"))
    assert rows_of(table)["详细地址"].tolist() == ["幸福路３号", None]


def test_big5_is_told_from_gbk(tmp_path):
    text = "編號,地址,經度,緯度\n1,臺北市中山區龍江路12號,121.5,25.0\n"
    table = open_table(written(tmp_path, "r.csv", text.encode("big5")))
    assert (table.encoding, table.encoding_sure) == ("big5hkscs", "likely")
    assert table.columns[1] == "地址"


def test_western_text_and_damaged_utf8():
    assert encodings.detect(["Höngg,Zürich\n".encode("cp1252") * 9]).name == "cp1252"
    damaged = ("幸福路三号,平安街\n" * 50).encode() + b"\xe5\x0a"
    assert encodings.detect([damaged]) == encodings.Encoding("utf-8", "likely")


def test_an_encoding_asked_for_must_fit(tmp_path):
    path = written(tmp_path, "r.csv", REGISTER.encode("gbk"))
    assert open_table(path, encoding="GBK").encoding == "gb18030"
    with pytest.raises(Invalid, match="looks like gb18030"):
        open_table(path, encoding="utf-8")
    with pytest.raises(Invalid, match="no encoding"):
        open_table(path, encoding="klingon")


def test_values_stay_text_and_rows_keep_their_numbers(tmp_path):
    data = b'a,b,c\n007,NA,1e3\n\n4,5\n"x\ny",,nan\n,,\nlast,1,2\n'
    table = open_table(written(tmp_path, "r.csv", data))
    rows = rows_of(table, 2)
    assert rows.index.tolist() == [2, 4, 5, 7]
    assert rows.loc[2].tolist() == ["007", "NA", "1e3"]
    assert rows.loc[4].tolist() == ["4", "5", None]
    assert rows.loc[5].tolist() == ["x\ny", None, "nan"]


def test_surplus_cells_mark_their_row(tmp_path):
    rows = rows_of(open_table(written(tmp_path, "r.csv", b"a,b\n1,2\n1,2,3\n1,2,\n")))
    assert rows[MORE_CELLS].notna().tolist() == [False, True, False]


def test_delimiter_and_gzip_are_found_whatever_the_name(tmp_path):
    data = b"a;b;c\n1,5;2;3\n2,5;2;3\n"
    table = open_table(written(tmp_path, "r.txt", gzip.compress(data)))
    assert table.columns == ("a", "b", "c")
    assert table.sha256 == hashlib.sha256((tmp_path / "r.txt").read_bytes()).hexdigest()
    tabs = open_table(written(tmp_path, "r.tsv", b"a\tb\n1\t2\n"))
    assert rows_of(tabs).iloc[0].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("e.csv", b"", "empty"),
        ("e.csv", b"\n \n", "empty"),
        ("t.csv", b"a,a\n1,2\n", "same header"),
        ("b.csv", b"a,b\n\0\0\0", "no text"),
        ("x.xls", b"\xd0\xcf\x11\xe0", "save it as XLSX"),
        ("x.xlsx", b"PK nonsense", "no XLSX"),
        ("x.geojson", b'{"type": "Nothing"}', "no vector file"),
        ("x.vrt", b"<OGRVRTDataSource></OGRVRTDataSource>", "points to other"),
        ("g.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], "damaged"),
    ],
)
def test_unusable_files_are_refused_in_one_sentence(tmp_path, name, data, words):
    with pytest.raises(Invalid, match=words) as caught:
        rows_of(open_table(written(tmp_path, name, data)))
    assert "\n" not in caught.value.message


def test_an_open_quote_is_told(tmp_path):
    table = open_table(written(tmp_path, "q.csv", b'a,b\n1,"2\n3,4\n'))
    with pytest.raises(Invalid, match="to its end"):
        rows_of(table)


def test_no_file():
    with pytest.raises(NotFound):
        open_table("nowhere.csv")


def workbook(path, rows, **sheets):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, more in sheets.items():
        sheet = book.create_sheet(name)
        for row in more:
            sheet.append(row)
    book.save(path)
    return path


def test_workbook_cells_as_text(tmp_path):
    path = workbook(
        tmp_path / "r.xlsx",
        [["房屋登记表"], [], ["编号", "身份证号", "日期", "数"],
         ["007", 211402196202280015, dt.date(2023, 8, 31), 2.0],
         [8, "211402196202280015", dt.datetime(2023, 8, 31, 9, 5), 0.5]],  # noqa: DTZ001  (Excel knows no zone)
    )  # fmt: skip
    table = open_table(path)
    assert (table.columns[0], table.form) == ("编号", "workbook")
    rows = rows_of(table)
    assert rows.loc[4].tolist() == ["007", "2.11402196202280E+17", "2023-08-31", "2"]
    assert rows.loc[5].tolist() == ["8", "211402196202280015", "2023-08-31 09:05:00", "0.5"]


def test_leading_zeros_of_a_number_format_are_read_as_shown(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["code", "n"])
    book.active.append([7, 7])
    book.active["A2"].number_format = "000000"
    book.save(tmp_path / "z.xlsx")
    assert rows_of(open_table(tmp_path / "z.xlsx")).iloc[0].tolist() == ["000007", "7"]


def test_one_of_several_sheets_must_be_named(tmp_path):
    path = workbook(tmp_path / "s.xlsx", [["a", "b"], [1, 2]], other=[["c", "d"], [3, 4]])
    with pytest.raises(Invalid, match="several sheets"):
        open_table(path)
    assert open_table(path, sheet="other").columns == ("c", "d")
    with pytest.raises(NotFound, match="no sheet"):
        open_table(path, sheet="third")


def geojson(path, coordinates, crs=None, **properties):
    text = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": c}}
        for c in coordinates
    ]}  # fmt: skip
    if crs:
        text["crs"] = {"type": "name", "properties": {"name": crs}}
    data = json.dumps(text).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_geojson_is_wgs84_unless_its_numbers_cannot_be(tmp_path):
    degrees = open_table(geojson(tmp_path / "d.geojson", [[120.9, 40.7, 5.0]], code=7))
    assert degrees.crs == "EPSG:4326"
    feet = open_table(geojson(tmp_path / "f.geojson.gz", [[787723, 2965812]]))
    assert feet.crs is None
    said = open_table(
        geojson(tmp_path / "s.geojson", [[2683920, 1245604]], "urn:ogc:def:crs:EPSG::2056")
    )
    assert said.crs == "EPSG:2056"


def test_vector_rows_are_text_with_a_flat_geometry(tmp_path):
    table = open_table(
        geojson(tmp_path / "d.geojson", [[1, 2, 5], [3, 4, 5]], code=7, x=0.5, n=None)
    )
    rows = rows_of(table, 1)
    assert (table.has_geometry, table.rows, table.bounds) == (True, 2, (1, 2, 3, 4))
    assert rows.index.tolist() == [2, 3]
    assert rows.loc[2, ["code", "x", "n"]].tolist() == ["7", "0.5", None]
    assert rows.loc[3, GEOMETRY].equals_exact(shapely.Point(3, 4))
    assert not rows.loc[3, GEOMETRY].has_z


def test_one_of_several_layers_must_be_named(tmp_path):
    path = tmp_path / "g.gpkg"
    wkb = shapely.to_wkb([shapely.Point(2683920, 1245604)])
    for layer in ("one", "two"):
        pyogrio.raw.write(
            path, wkb, [pd.Series([12], dtype="int64").to_numpy()], ["code"], layer=layer,
            driver="GPKG", geometry_type="Point", crs="EPSG:2056", append=path.exists(),
        )  # fmt: skip
    with pytest.raises(Invalid, match="several layers"):
        open_table(path)
    table = open_table(path, layer="two")
    assert (table.crs, table.layer, table.columns) == ("EPSG:2056", "two", ("code",))
    assert rows_of(table)["code"].tolist() == ["12"]


@pytest.mark.parametrize(
    "epoch", [openpyxl.utils.datetime.WINDOWS_EPOCH, openpyxl.utils.datetime.MAC_EPOCH]
)
def test_a_day_is_the_same_by_either_count_of_days(tmp_path, epoch: dt.datetime):
    """Workbooks of old Macs count days from 1904; read by the other count each day is four years off."""
    book = openpyxl.Workbook()
    book.epoch = epoch
    book.active.append(["code", "verified_on"])
    book.active.append(["A1", dt.date(2023, 8, 31)])
    book.active.append(["A2", dt.datetime(2024, 2, 29, 23, 59)])  # noqa: DTZ001 - a cell has no zone
    book.save(tmp_path / "days.xlsx")
    days = rows_of(open_table(tmp_path / "days.xlsx"))["verified_on"].tolist()
    assert [day[:10] for day in days] == ["2023-08-31", "2024-02-29"]
