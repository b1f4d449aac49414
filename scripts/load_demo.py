"""The gisgrid commands that bring Town F in, run one after the other in one process.

Each is printed as it could be typed. What is there already stays as it is, so a second run adds
nothing; a run that was cut short is taken up where it stopped.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import click
from sqlalchemy import text

from gisgrid.cli.main import main as gisgrid
from gisgrid.db.store import open_engine, store_url
from gisgrid.settings import Settings

TOWNSHIP = "999901001"
DATA = Path("data")


def run(line: str) -> None:
    click.secho(f"$ gisgrid {line}", bold=True)
    gisgrid.main(shlex.split(line), prog_name="gisgrid", standalone_mode=False)


def load(line: str) -> None:
    run(f"load {line} --commit")


def main() -> None:
    run("db start")
    run("db upgrade")
    load(f"areas {DATA}/boundaries/areas.geojson")
    run(f"township --code {TOWNSHIP} --set code_scheme=gb --commit")
    town = f"--township {TOWNSHIP}"
    load(f"streets {DATA}/boundaries/streets.geojson {town}")
    if not published():
        load(f"grids {DATA}/boundaries/grids.geojson {town} --plan 2022")
        run(f"plan publish 2022 --from 2022-09-01 {town} --commit")
    load(f"houses {DATA}/register/houses.csv {town} --crs wgs84")
    load(f"households {DATA}/register/households.csv {town}")
    load(f"residents {DATA}/register/residents.csv {town}")
    load(f"staff {DATA}/staff/staff.csv {town}")
    load(f"matters {DATA}/matters/matters.csv {town} --version 2022 --since 2022-09-01")
    load(f"events {DATA}/events/events.csv {town} --crs wgs84")
    run(f"attach {town} --commit")
    run(f"index {town}")
    run(f"summary {town}")


def published() -> bool:
    with open_engine(store_url(Settings.from_env())).connect() as connection:
        found = connection.scalar(
            text(
                "SELECT EXISTS (SELECT FROM plan p JOIN area a ON a.id = p.township_id "
                "WHERE a.code = :code AND p.state = 'published')"
            ),
            {"code": TOWNSHIP},
        )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
