"""Files that are no files, not what they say, or not whole: one line, exit status 2, no traceback."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import Workbook
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from gisgrid.cli.main import main
from gisgrid.db.cluster import Cluster
from tests.support.town_f import DATA, load_kind


def gisgrid(engine: Engine, *args: str) -> Result:
    url = engine.url.render_as_string(hide_password=False)
    environment = {"DATABASE_URL": url, "LC_ALL": "C.UTF-8", "GISGRID_WHO": "test"}
    return CliRunner().invoke(main, args, env=environment)


def the_line(result: Result) -> str:
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("gisgrid: ")
    return line


def areas_loaded(session: Session) -> int:
    return load_kind(session, "areas", DATA / "boundaries/areas.geojson").inserted


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], int]:
    return areas_loaded


@pytest.fixture
def town(engine: Engine, made: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A township of nine communities, and an empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    assert made == 11
    return engine


HEAD = b"code,address,lon,lat\n"
FILES: dict[str, tuple[bytes | None, str]] = {
    "zero.csv": (b"", "empty"),
    "blank.csv": (b"\n\n", "empty"),
    "paper.csv": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n\x00\x01", "no text"),
    "paper.pdf": (b"%PDF-1.4\n", "XLSX or CSV"),
    "book.csv": (b"PK\x03\x04\x00\x00", "damaged archive"),
    "open.csv": (HEAD + b'1,"A St,1,2\n2,B St,3,4\n', "read to its end"),
    "other.csv": (b"thing,more\n1,2\n", "lacks code, address"),
    "twice.csv": (b"code,code,address\n1,2,A\n", "same header"),
    "half.csv": (b"code,address,lon\n1,A,2\n", "lat"),
    "cut.csv.gz": (gzip.compress(HEAD * 500)[:30], "damaged"),
    "cut.geojson": (b'{"type":"FeatureCollection","features":[{"type":"Fea', "damaged"),
    "none.geojson": (b'{"type":"FeatureCollection","features":[]}', "no features"),
    "text.geojson": (b"hello", "no vector file"),
    "text.xlsx": (b"hello", "no XLSX"),
    "absent.csv": (None, "no file"),
    "folder": (None, "directory"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_told_in_one_line(town: Engine, name: str):
    content, says = FILES[name]
    if content is not None:
        Path(name).write_bytes(content)
    Path("folder").mkdir()
    result = gisgrid(town, "load", "houses", name, "--crs", "wgs84", "--commit")
    assert says in the_line(result)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--crs", "EPSG:99"], "EPSG:99"),
        (["--crs", "wgs84", "--encoding", "klingon"], "klingon"),
        (["--crs", "wgs84", "--column", "code=nope"], "nope"),
        (["--crs", "wgs84", "--template", "code={"], "template"),
        (["--crs", "wgs84", "--mapping", "cut.json"], "JSON"),
        (["--crs", "wgs84", "--mapping", "utf16.json"], "UTF-8"),
        (["--crs", "wgs84", "--mapping", "absent.json"], "absent.json"),
        (["--crs", "wgs84", "--rejects", "nowhere/back.xlsx"], "nowhere/back.xlsx"),
        (["--crs", "wgs84", "--rejects", "."], "directory"),
        (["--colour", "red"], "--colour"),
    ],
)
def test_a_bad_option_is_told_in_one_line(town: Engine, options: list[str], says: str):
    Path("h.csv").write_bytes(HEAD + b"1,A St,120.9,40.7\n")
    Path("cut.json").write_text('{"columns": {')
    Path("utf16.json").write_text("{}", encoding="utf-16")
    assert says in the_line(gisgrid(town, "load", "houses", "h.csv", *options, "--commit"))


def test_an_unknown_kind_is_told_with_the_known_ones(town: Engine):
    line = the_line(gisgrid(town, "load", "things", "h.csv"))
    assert "'KIND'" in line
    assert "'households'" in line


def test_what_cannot_be_handed_back_is_not_loaded_by_half(
    town: Engine, monkeypatch: pytest.MonkeyPatch
):
    Path("h.csv").write_bytes(HEAD + b"1,A St,120.9,40.7\n2,B St,40.7,120.9\n")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gisgrid.cli.loading.write_rejects", full)
    line = the_line(gisgrid(town, "load", "houses", "h.csv", "--crs", "wgs84", "--commit"))
    assert "nothing was loaded" in line
    with town.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM house")) == 0


def test_a_formula_that_was_never_computed_is_no_value(town: Engine):
    book = Workbook()
    book.active.append(["code", "address", "lon", "lat"])
    book.active.append(["1", '="A St"', 120.9, 40.7])
    book.active.append(["2", "B St", 120.9, 40.7])
    book.save("h.xlsx")
    result = gisgrid(town, "load", "houses", "h.xlsx", "--crs", "wgs84")
    assert "formulas whose results it does not keep, in address" in the_line(result)


def test_a_store_without_tables_says_how_to_get_them(cluster: Cluster, tmp_path: Path):
    admin = create_engine(cluster.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE bare"))
        try:
            bare = create_engine(cluster.url("bare"))
            assert "gisgrid db upgrade" in the_line(gisgrid(bare, "township"))
            bare.dispose()
        finally:
            connection.execute(text("DROP DATABASE bare WITH (FORCE)"))
    admin.dispose()
