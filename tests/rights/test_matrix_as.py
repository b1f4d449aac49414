"""Every command that tells something, run ``--as`` each role about places inside and outside its area:
no canary in what it prints, writes or logs without the right. A command that is neither here nor
among those without words of the register fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from gisgrid.cli.main import main
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from tests.support.accounts import appointed, web_engine
from tests.support.calls import Call
from tests.support.canaries import MARK, Canary, Spot, canaries, plant, seen
from tests.support.database import own_database
from tests.support.matrix import EVERYWHERE, SEATS, UNKNOWN, Seat, may_hear, rights_of_roles, seats
from tests.support.terminal import commands
from tests.support.web import fill_town

OF_A_TOWNSHIP = """
attach -T
audit list --limit 50
audit verify
case emergency list -T
case figures -T grid --since 2023-01-01 --until 2023-12-31
case judge -T
case problems -T --solved
case open -T
correction list -T
count -T --under {plan}
coverage -T --xlsx out.xlsx
document comments -T 1
document drafts -T
document list -T
document readers -T D1
loads -T
matters burden -T --since 2022-01-01
matters duties -T
means list -T
collection list -T
matters foresee -T
matters rulebook -T
matters rules -T
matters versions -T
plan crosswalk -T {plan}
plan handover -T {plan} out.xlsx
plan list -T
plan review -T {plan}
retention -T
scenario compare -T {plan} {plan}
scenario export -T {plan} out.geojson
scenario list -T
scenario log -T {plan}
shortage -T --xlsx out.xlsx
stale -T --days 0 --show 5000 --xlsx out.xlsx
study -T coverage
study -T workload
summary -T
township --code {township}
jobs list -T
training hours -T
training profiles -T
training sessions -T
user list
weights show -T
workload -T --xlsx out.xlsx
"""
OF_A_PLACE = """
address -T {address}
alias add -T {alias} --house {house}
case show {case}
locate -T {lon} {lat}
locate -T {alias}
plan handover -T {plan} out.xlsx --grid {grid}
stale -T --days 0 --grid {grid}
subject -T --purpose care {address} {name}
who -T {address}
who -T {grid}
"""
TELL_NO_ROW = {
    "alias load", "calendar load", "calendar propose", "calendar show", "case emergency off", "case emergency on", "case flow load",
    "case flow show", "case review", "case take", "correction accept", "correction ask", "correction refuse", "document issue", "document answer", "document issue-draft", "document send-draft",
    "document read", "document save", "fields", "index", "jobs again", "jobs stop", "load", "matters decide", "matters demand", "matters diff", "matters discard", "matters draft", "matters end-rule", "matters end-temporary",
    "matters item", "collection ask", "collection end", "collection form", "collection make", "collection publish", "collection show", "collection take", "means add", "means change", "means end", "matters publish", "matters rule", "matters take-back", "matters withdraw",
    "matters temporary", "paper", "plan approve", "plan notify", "plan publish", "plan return", "plan submit", "plan withdraw", "position",
    "scenario branch", "scenario combine", "scenario discard", "scenario draw", "scenario give", "scenario import",
    "scenario join", "scenario lock", "scenario mend-across", "scenario mend-slivers", "scenario redo", "scenario rename", "scenario replay", "scenario split",
    "scenario undo", "training add", "training attend", "training plan", "training profile", "weights add",
}  # fmt: skip
"""They change something and answer with numbers, or read what is of no person and no place. What `paper` prints is read back
in tests/paper."""
OF_THE_OPERATOR = {
    "balance", "db backup", "db backups", "db destroyed", "db drill", "db restore", "db start", "db status", "db stop",
    "db upgrade", "demo", "serve", "undo-load", "user add", "user disable", "user enable", "user end", "user first", "user password", "user revoke",
    "outbox channel", "outbox channels", "outbox list", "outbox retry", "outbox test-channel",
    "user role", "user roles", "user second-factor", "user token", "worker",
}  # fmt: skip


@dataclass(frozen=True)
class Desk:
    env: dict[str, str]
    spots: dict[str, Spot]
    rights: dict[str, frozenset[str]]


@pytest.fixture(scope="module")
def desk(cluster: Cluster, template: str) -> Iterator[Desk]:
    with own_database(cluster, template, "matrix_as") as engine:
        with transaction(engine) as session:
            town = fill_town(session, columns=6, rows=6, houses=240, events=90)
            spots = plant(session)
            index_addresses(session, town.township_id)
            for n, seat in enumerate(SEATS.values()):
                if seat.role != "public":
                    appointed(session, seat.role, seat.area, grid=seat.grid, name=f"m{n}", until=seat.until)  # fmt: skip
            rights = rights_of_roles(session)
        yield Desk(_env(engine), spots, rights)


def _env(engine: Engine) -> dict[str, str]:
    url, web = (
        each.url.render_as_string(hide_password=False) for each in (engine, web_engine(engine))
    )
    return {"DATABASE_URL": url, "GISGRID_WEB_DATABASE_URL": web, "LC_ALL": "zh_CN.UTF-8"}


def names_of(lines: str) -> set[str]:
    known = set(commands())
    return {name for line in lines.split("\n") for name in known if f"{line} ".startswith(f"{name} ")}  # fmt: skip


def test_every_command_is_run_as_the_roles_or_said_to_tell_nothing():
    run = names_of(OF_A_TOWNSHIP) | names_of(OF_A_PLACE)
    assert run | TELL_NO_ROW | OF_THE_OPERATOR == set(commands())
    assert not run & (TELL_NO_ROW | OF_THE_OPERATOR)


OPERATOR = "the operator"


@pytest.mark.parametrize("name", [*seats("community_clerk", but="public"), OPERATOR])
def test_no_command_tells_an_account_more_than_it_may_see(
    desk: Desk, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):  # fmt: skip
    if name == OPERATOR:
        way, seat = [], Seat(name, places=EVERYWHERE)
        rights = frozenset().union(*desk.rights.values())
    else:
        way, seat = ["--as", f"m{list(SEATS).index(name)}"], SEATS[name]
        rights = desk.rights[seat.role] if seat.until is None else frozenset()
    monkeypatch.chdir(tmp_path)
    runner, wanted = CliRunner(), canaries()
    heard: set[Canary] = set()
    refused: set[str] = set()
    wrong, asked, spoke = [], [], 0
    lines = [(line, place) for place in ("A1", "U") for line in OF_A_TOWNSHIP.strip().split("\n")]
    lines += [
        (line, place) for place in ("A1", "B", "U") for line in OF_A_PLACE.strip().split("\n")
    ]
    with caplog.at_level(logging.INFO):
        for form, place in lines:
            spot = desk.spots[place]
            values = {
                "address": spot.address, "house": spot.house_code, "grid": spot.grid_code, "lon": spot.lon,
                "lat": spot.lat, "alias": f"秘称{place}大爷家", "case": spot.case_id,
                "plan": "外镇方案" if place == "U" else "2022年方案", "township": spot.township,
                "name": f"{MARK[place]}秘名{place}",
            }  # fmt: skip
            line = form.replace("-T", "--township {township}")
            words = [word.format(**values) for word in line.split()]
            # Tables that are closed to the account are so wherever it asks about.
            if words in asked or form in refused or (way == [] and words[0] == "subject"):
                continue
            asked.append(words)
            done = runner.invoke(main, [*way, *words], env=desk.env)
            assert done.exit_code in (0, 1, 2), (words, done.exception)
            assert done.exception is None or isinstance(done.exception, SystemExit), words
            spoke += done.exit_code == 0
            if "该账号无权" in done.output:
                refused.add(form)
            output = done.output
            for given in (values["alias"], values["name"]):
                output = output.replace(given, UNKNOWN)
            told = [output.encode()]
            for path in tmp_path.iterdir():
                told.append(path.read_bytes())
                path.unlink()
            for canary in seen(wanted, *told):
                heard.add(canary)
                if not may_hear(canary, seat, rights, Call("")):
                    wrong.append((form, place, canary))
    assert wrong == []
    assert seen(wanted, caplog.text.encode()) == set()
    assert spoke > 20, "most of them had something to tell"
    if way == []:
        assert {c.what for c in heard} >= {
            "household.room",
            "masked resident.name",
            "account.display_name",
        }
