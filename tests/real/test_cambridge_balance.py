"""Cambridge through the command line: the commands of docs/cambridge.md, run as they stand there."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from click.testing import CliRunner
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cli.main import main
from gisgrid.core.messages import said_of
from gisgrid.core.plans import plan_named, township
from gisgrid.db.cluster import Cluster
from gisgrid.jobs import studies
from tests.support.plan_files import grids_by_file, houses_of

pytestmark = pytest.mark.real

DOC = Path(__file__).parents[2] / "docs" / "cambridge.md"


def commands() -> list[list[str]]:
    """The gisgrid commands of the document, with the folder of the real files put in."""
    block = re.search(r"```sh\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    lines = [os.path.expandvars(line) for line in block[1].splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("gisgrid ")]


@pytest.fixture(scope="module")
def city(
    cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """The city after all commands but serve; ``said`` in the folder holds what each told."""
    from tests.support.database import own_database

    folder = tmp_path_factory.mktemp("cambridge")
    before = Path.cwd()
    with own_database(cluster, template, "cambridge") as engine:
        os.chdir(folder)
        try:
            Path("areas.csv").write_text(
                "code,level,name,parent\ncounty,county,Middlesex,\n"
                "township,township,Cambridge,county\n"
            )
            said = {}
            url = engine.url.render_as_string(hide_password=False)
            for args in commands():
                if args[0] == "serve":
                    continue
                result = CliRunner(env={"DATABASE_URL": url}).invoke(main, args)
                assert result.exit_code == 0, (args, result.output)
                said[" ".join(args[:2])] = result.output
            (folder / "balance.txt").write_text(said["balance --far"])
        finally:
            os.chdir(before)
        engine.folder = folder  # type: ignore[attr-defined]
        yield engine


def test_every_sector_is_balanced_to_one_percent_but_one_with_buildings_above_a_district(
    city: Engine,
):
    said = (city.folder / "balance.txt").read_text()  # type: ignore[attr-defined]
    with Session(city) as session:
        recipe = session.scalar(text("SELECT recipe FROM plan WHERE name = '2015'"))
    assert recipe["tolerance"] == 0.01
    # The bound knows nothing of grids that must move as a whole to let others past.
    assert recipe["bound"] <= recipe["moved_cost"] <= 1.5 * recipe["bound"]
    rows = {line.split()[0]: line.split() for line in said.splitlines() if "%" in line}
    assert [rows[sector][-1] for sector in "2345"] == ["yes"] * 4
    assert rows["1"][-1] == "no"
    # Nothing stands in sector 1's way but what no plan can split, and the plan is as near as that.
    assert recipe["reasons"]
    assert all("building" in said_of(reason).in_language("en") for reason in recipe["reasons"])
    assert all(
        f"not reached: {said_of(reason).in_language('en')}" in said for reason in recipe["reasons"]
    )
    reached, at_best = (float(share.rstrip("%")) for share in rows["1"][4:6])
    assert reached <= at_best + 0.1


def test_the_new_districts_tile_the_same_ground_and_lose_no_parcel(city: Engine):
    features = pyogrio.read_dataframe(city.folder / "balance.geojson")  # type: ignore[attr-defined]
    new = features[features["what"] == "grid"].to_crs(32619)
    assert len(new) == 117
    assert new.geometry.is_valid.all()
    with Session(city) as session:
        held = dict(
            session.execute(
                text(
                    "SELECT p.name, count(a.grid_id) FROM plan p "
                    "JOIN house_grid a ON a.plan_id = p.id GROUP BY p.name"
                )
            ).all()
        )
        old = shapely.from_wkb(
            [
                bytes(g)
                for g in session.scalars(
                    text(
                        "SELECT ST_AsBinary(ST_Transform(g.geom, 32619)) FROM grid g "
                        "JOIN plan p ON p.id = g.plan_id WHERE p.name = '2014'"
                    )
                )
            ]
        )
    assert held["2015"] == held["2014"] > 12_900
    whole = shapely.union_all(np.asarray(old))
    # The file keeps every digit; new corners on the outline lie on it to the millimetre.
    assert abs(new.area.sum() - shapely.area(old).sum()) < 0.0001 * whole.length
    apart = shapely.union_all(new.geometry.to_numpy()).symmetric_difference(whole)
    assert apart.area < 0.001 * whole.length


def test_by_the_files_alone_every_parcel_has_its_district(city: Engine, tmp_path: Path):
    url = city.url.render_as_string(hide_password=False)
    terminal = CliRunner(env={"DATABASE_URL": url})
    files = [city.folder / "balance.geojson"]  # type: ignore[attr-defined]
    for ending in ("geojson", "gpkg"):
        files.append(tmp_path / f"plan.{ending}")
        said = terminal.invoke(main, ["scenario", "export", "2015", str(files[-1])])
        assert said.exit_code == 0, said.output
    houses = houses_of(city, "2015")
    assert len(houses) > 13_000
    for file in files:
        assert grids_by_file(houses, file) == houses.grid.tolist(), file.suffix
    back = terminal.invoke(main, ["scenario", "import", str(files[1]), "再来", "--commit"])
    assert back.exit_code == 0, back.output
    assert houses_of(city, "再来").grid.tolist() == houses.grid.tolist()


def test_the_one_percent_is_what_the_new_plan_has_when_it_is_counted(city: Engine, tmp_path: Path):
    file = tmp_path / "load.geojson"
    url = city.url.render_as_string(hide_password=False)
    asked = ["workload", "--plan", "2015", "--geojson", str(file)]
    said = CliRunner(env={"DATABASE_URL": url}).invoke(main, asked)
    assert said.exit_code == 0, said.output
    layer = pyogrio.read_dataframe(file)
    mean = layer.groupby("community").workload_min.transform("mean")
    counted = (layer.workload_min / mean - 1).abs().groupby(layer.community).max()
    assert (counted[list("2345")] <= 0.01).all()
    printed = (city.folder / "balance.txt").read_text()  # type: ignore[attr-defined]
    rows = {line.split()[0]: line.split() for line in printed.splitlines() if "%" in line}
    assert {s: f"{share:.2%}" for s, share in counted.items()} == {s: rows[s][4] for s in "12345"}


def test_the_map_shows_what_the_commands_made(city: Engine):
    with Session(city) as session:
        place = township(session)
        plan = plan_named(session, place.id, "2015")
        kept = session.execute(
            text("SELECT kind, day FROM study WHERE plan_id = :p AND body IS NOT NULL"),
            {"p": plan.id},
        ).all()
        assert {kind for kind, _ in kept} == {"workload", "proposal"}
        assert all(studies.body(session, plan.id, kind, day) for kind, day in kept)
