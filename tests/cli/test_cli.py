"""The command line: dry runs, one-line errors, exit status 2, backup and restore."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, create_engine, text

from gisgrid.balance.graph import UnitGraph
from gisgrid.balance.rebalance import rebalance
from gisgrid.balance.search import Search
from gisgrid.cli.main import OneLineErrors
from gisgrid.core.errors import StoreUnavailable
from gisgrid.db.store import open_engine
from tests.support.terminal import gisgrid
from tests.support.town_f import DATA

AREAS = str(DATA / "boundaries/areas.geojson")
GRIDS = str(DATA / "boundaries/grids.geojson")


def rows(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_load_is_a_dry_run_unless_it_is_told_to_commit(engine: Engine, work: Path):
    dry = gisgrid(engine, "load", "areas", AREAS)
    assert dry.exit_code == 0, dry.output
    assert "11 would be added" in dry.output
    assert "nothing was written" in dry.output
    assert rows(engine, "area") == 0
    assert "11 added" in gisgrid(engine, "load", "areas", AREAS, "--commit").output
    assert rows(engine, "area") == 11


def test_a_plan_is_loaded_published_and_listed(engine: Engine, work: Path):
    gisgrid(engine, "load", "areas", AREAS, "--commit")
    gisgrid(engine, "load", "grids", GRIDS, "--plan", "2022", "--commit")
    dry = gisgrid(engine, "plan", "publish", "2022", "--from", "2022-09-01")
    assert "nothing was written" in dry.output
    assert "draft" in gisgrid(engine, "plan", "list").output
    done = gisgrid(engine, "plan", "publish", "2022", "--from", "2022-09-01", "--commit")
    assert "0 attached + 0 outside + 0 unlocated = 0 loaded" in done.output
    assert "in force" in gisgrid(engine, "plan", "list").output
    again = gisgrid(engine, "plan", "publish", "2022", "--from", "2023-09-01", "--commit")
    assert again.exit_code == 2
    assert "published already" in again.output
    summary = gisgrid(engine, "summary", "--as-of", "2000-01-01")
    assert summary.exit_code == 2
    assert "from 2022-09-01 on" in summary.output


def test_refused_rows_come_back_as_a_workbook(engine: Engine, work: Path):
    gisgrid(engine, "load", "areas", AREAS, "--commit")
    Path("h.csv").write_text("code,address,lon,lat\nH1,A,40.7,120.9\nH2,B,120.9,40.7\n")
    done = gisgrid(engine, "load", "houses", "h.csv", "--crs", "wgs84", "--commit")
    assert done.exit_code == 0, done.output
    assert "1 added" in done.output
    assert "swapped" in done.output
    assert (work / "h.csv.rejects.xlsx").is_file()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["load", "houses", "none.csv", "--crs", "wgs84"], "none.csv"),
        (["load", "houses", "good.csv"], "--crs"),
        (["load", "houses", "good.csv", "--crs", "mars"], "mars"),
        (["load", "grids", "good.csv", "--crs", "wgs84"], "--plan|geometry"),
        (["load", "houses", "good.csv", "--crs", "wgs84", "--township", "nowhere"], "nowhere"),
        (["load", "houses", "good.csv", "--column", "code"], "NAME=VALUE"),
        (["township", "--set", "grid_rule=patchwork"], "hole"),
        (["township", "--set", "colour=red"], "metric_srid"),
        (["attach", "--plan", "none"], "none"),
        (["plan", "publish", "none", "--from", "2023-01-01"], "none"),
        (["db", "start"], "DATABASE_URL"),
        (["db", "restore", "none.dump", "--commit"], "none.dump"),
        (["db", "backup", "nowhere/town.dump"], "nowhere"),
    ],
)
def test_bad_input_gets_one_line_and_status_2(
    engine: Engine, work: Path, arguments: list[str], says: str
):
    gisgrid(engine, "load", "areas", AREAS, "--commit")
    Path("good.csv").write_text("code,address,lon,lat\nH1,A,120.9,40.7\n")
    before = rows(engine, "house"), rows(engine, "plan"), rows(engine, "import_run")
    result = gisgrid(engine, *arguments)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("gisgrid: ")
    assert any(word in line for word in says.split("|")), line
    assert "Traceback" not in result.output
    assert (rows(engine, "house"), rows(engine, "plan"), rows(engine, "import_run")) == before


def test_errors_speak_the_language_of_the_terminal(engine: Engine, work: Path):
    result = gisgrid(engine, "township", "--code", "nowhere", chinese=True)
    assert result.exit_code == 2
    assert "没有" in result.stderr


@pytest.mark.thorough
def test_a_backup_is_restored_and_what_was_there_is_kept(engine: Engine, work: Path):
    gisgrid(engine, "load", "areas", AREAS, "--commit")
    saved = gisgrid(engine, "db", "backup", "town.dump")
    assert saved.exit_code == 0, saved.output
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM township"))
    assert "would replace" in gisgrid(engine, "db", "restore", "town.dump").output
    assert rows(engine, "township") == 0
    engine.dispose()
    done = gisgrid(engine, "db", "restore", "town.dump", "--commit")
    assert done.exit_code == 0, done.output
    assert rows(engine, "township") == 1
    with engine.connect() as connection:
        # Whoever restores owns what was restored; views that stayed theirs would see past the policies.
        owners = connection.scalars(text(_OWNERS)).all()
    assert owners == ["gisgrid_views"] * len(owners) and len(owners) >= 3
    kept = done.output.split()[-1]
    old = create_engine(engine.url.set(database=kept))
    assert rows(old, "township") == 0
    old.dispose()
    engine.dispose()
    admin = create_engine(engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {kept}"))
    admin.dispose()


def test_a_file_that_is_no_backup_changes_nothing(engine: Engine, work: Path):
    Path("town.dump").write_text("not a dump")
    result = gisgrid(engine, "db", "restore", "town.dump", "--commit")
    assert result.exit_code == 2
    assert "pg_restore failed" in result.stderr
    assert rows(engine, "area") == 0


def test_status_tells_where_the_store_stands(engine: Engine):
    result = gisgrid(engine, "db", "status")
    assert result.exit_code == 0
    assert "migration: 00" in result.output


def test_an_upgrade_names_what_it_dropped(engine: Engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE VIEW monthly AS SELECT count(*) FROM event")
    result = gisgrid(engine, "db", "upgrade")
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "dropped, no part of this version: view monthly"
    assert "dropped" not in gisgrid(engine, "db", "upgrade").output


def test_an_upgrade_of_a_store_too_old_says_the_way(engine: Engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0012'")
    result = gisgrid(engine, "db", "upgrade")
    assert result.exit_code == 2
    assert "brings it to 0036" in result.stderr


def test_a_server_without_postgis_is_told_apart(engine: Engine):
    # A look-alike of the catalogue that a server without the extension would show.
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA bare"))
        for catalogue, column in (("pg_available_extensions", "name"), ("pg_extension", "extname")):
            connection.execute(
                text(
                    f"CREATE VIEW bare.{catalogue} AS "
                    f"SELECT * FROM pg_catalog.{catalogue} WHERE {column} <> 'postgis'"
                )
            )
    url = engine.url.update_query_dict({"options": "-csearch_path=bare,pg_catalog,public"})
    with pytest.raises(StoreUnavailable, match="has no PostGIS"):
        open_engine(url.render_as_string(hide_password=False))


_OWNERS = """
SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'masked!_%' ESCAPE '!'
UNION ALL SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname LIKE 'unmask!_%' ESCAPE '!'
"""


def test_a_search_that_is_stopped_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LANG", "C")
    group = OneLineErrors("g")
    row = UnitGraph.from_pairs(60, np.column_stack([np.arange(59), np.arange(1, 60)]), np.ones(59))

    @group.command()
    def search() -> None:
        while True:
            rebalance(
                row, np.ones(60), np.repeat([1, 2], [50, 10]),
                rng=np.random.default_rng(7), search=Search(least_moves=500_000),
            )  # fmt: skip

    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 3)
        result = CliRunner().invoke(group, ["search"])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (result.exit_code, result.stderr) == (2, "gisgrid: Stopped; nothing was written.\n")
