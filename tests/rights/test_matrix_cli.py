"""Every command, run as the operator runs it: no canary in what it prints, logs or writes, but where
the command is there to hand personal data over. A command without an entry here fails."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from gisgrid.cli.main import main
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.locate.addresses.gazetteer import index_addresses
from tests.support.accounts import appointed
from tests.support.canaries import OPEN, Canary, Spot, canaries, plant, seen
from tests.support.database import own_database
from tests.support.terminal import commands
from tests.support.web import fill_town

TOWN = "--township 999901001"
ARGS: dict[str, list[str]] = {
    "address": [f"{TOWN} {{address}}", f"{TOWN} 虚构路", f"{TOWN} {{alias}}"],
    "alias add": [f"{TOWN} 老槐树 --house {{house}}", f"{TOWN} {{alias}} --house {{house}}"],
    "alias load": [f"{TOWN} list.csv"],
    "attach": [TOWN],
    "audit list": ["", "--account clerk", "--limit 5"],
    "audit verify": [""],
    "balance": [TOWN],
    "calendar load": [f"{TOWN} list.csv"],
    "calendar propose": [f"{TOWN} 2026"],
    "calendar show": [f"{TOWN} 2023"],
    "case emergency list": [TOWN],
    "case emergency off": ["1"],
    "case emergency on": ["999901001001 --reason 暴雨"],
    "case figures": [f"{TOWN} grid --since 2023-01-01 --until 2023-12-31"],
    "case flow load": [f"{TOWN} list.csv"],
    "case flow show": [f"{TOWN} event"],
    "case judge": [TOWN],
    "case problems": [TOWN],
    "case open": [TOWN],
    "case review": [f"{TOWN} L1 --finding 未解决 --next 2024-01-01"],
    "case show": ["1"],
    "case take": ["1 file --role dispatcher"],
    "correction accept": [f"{TOWN} 1"],
    "correction ask": [f"{TOWN} resident {{resident}} name 测试乙 --by 本人 --commit"],
    "correction list": [TOWN],
    "correction refuse": [f"{TOWN} 1 --reason 无据"],
    "count": [f"{TOWN} --under 2022年方案"],
    "coverage": [f"{TOWN} --xlsx coverage.xlsx", f"{TOWN} --geojson coverage.geojson"],
    "db backup": [],
    "db backups": [""],
    "db destroyed": ["1"],
    "db drill": ["1"],
    "db restore": ["list.csv"],
    "db start": [""],
    "db status": [""],
    "db stop": [""],
    "db upgrade": [""],
    "demo": [""],
    "document answer": [f"{TOWN} 1 1 --text 采纳"],
    "document comments": [f"{TOWN} 1"],
    "document drafts": [TOWN],
    "document issue-draft": [f"{TOWN} 1"],
    "document send-draft": [f"{TOWN} D9 list.csv --title 稿 --until 2099-01-01"],
    "document issue": [f"{TOWN} D1 list.csv"],
    "document list": [TOWN],
    "document read": [f"{TOWN} D1 --staff {{staff}}"],
    "document readers": [f"{TOWN} D1"],
    "document save": [f"{TOWN} D1 list.csv"],
    "fields": [""],
    "index": [TOWN],
    "jobs again": [f"{TOWN} plan 1"],
    "jobs list": [TOWN, f"{TOWN} --state busy"],
    "jobs stop": [f"{TOWN} plan 1"],
    "load": [
        f"residents people.csv {TOWN}",
        f"households people.csv {TOWN}",
        f"staff people.csv {TOWN}",
        f"events people.csv {TOWN} --crs wgs84",
        f"houses people.csv {TOWN} --crs wgs84",
        f"assets people.csv {TOWN} --crs wgs84",
        f"duties people.csv {TOWN}",
        f"problems people.csv {TOWN}",
        "nothing people.csv",
    ],
    "loads": ["", TOWN],
    "locate": [f"{TOWN} {{address}}", f"{TOWN} {{lon}} {{lat}}", f"{TOWN} {{alias}}"],
    "matters burden": [f"{TOWN} --since 2022-01-01"],
    "matters decide": [f"{TOWN} 1"],
    "matters demand": [f"{TOWN} 01 --from 办公室"],
    "matters diff": [f"{TOWN} 1 1"],
    "matters discard": [TOWN],
    "matters draft": [f"{TOWN} 2"],
    "matters duties": [TOWN],
    "matters end-rule": [f"{TOWN} 1"],
    "matters end-temporary": [f"{TOWN} 99 --why 结束"],
    "matters foresee": [TOWN],
    "matters item": [f"{TOWN} 01 --set note=x"],
    "matters publish": [f"{TOWN} --from 2099-01-01"],
    "matters rule": [f"{TOWN} 01 --community 999901001001 --text 规定"],
    "matters rulebook": [TOWN],
    "matters rules": [TOWN],
    "matters take-back": [f"{TOWN} 1"],
    "matters temporary": [
        f"{TOWN} 99 --parent 01 --name 临时 --consent 同意 --since 2026-01-01 --until 2026-02-01"
    ],
    "matters versions": [TOWN],
    "matters withdraw": [f"{TOWN} 01"],
    "plan approve": ["1"],
    "plan crosswalk": [f"{TOWN} 2022年方案"],
    "plan handover": [f"{TOWN} 2022年方案 handover.xlsx"],
    "plan list": [TOWN],
    "plan notify": ["1"],
    "plan publish": [f"{TOWN} 2022年方案 --from 2026-01-01"],
    "plan return": ["1 --reason 重画"],
    "plan review": [f"{TOWN} 2022年方案"],
    "plan withdraw": ["1 --reason 推迟"],
    "plan submit": ["1"],
    "paper": [f"{TOWN} --out paper"],
    "position": ["{staff} {lon} {lat}"],
    "collection ask": [f"{TOWN} 1 问题 --kind text"],
    "collection end": [f"{TOWN} 1"],
    "collection form": [f"{TOWN} 1 form.xlsx"],
    "collection list": [TOWN],
    "collection make": [f"{TOWN} 普查 --purpose care --due 2099-12-31 --grid {{grid}}"],
    "collection publish": [f"{TOWN} 1"],
    "collection show": [f"{TOWN} 1"],
    "collection take": [f"{TOWN} 1 list.csv"],
    "means add": [f"{TOWN} 999901001001 funds --name 经费 --amount 1"],
    "means change": [f"{TOWN} 1 --amount 2"],
    "means end": [f"{TOWN} 1 --why 用完"],
    "means list": [TOWN],
    "outbox channel": ["webhook --set url=http://127.0.0.1:9/ --set template=plain"],
    "outbox channels": [""],
    "outbox list": ["", "--state waiting", "--state failed"],
    "outbox retry": ["", "1"],
    "outbox test-channel": ["email --to a@town.example"],
    "retention": [TOWN],
    "scenario branch": [f"{TOWN} 2022年方案 S"],
    "scenario combine": [f"{TOWN} S T"],
    "scenario compare": [f"{TOWN} 2022年方案 S"],
    "scenario discard": [f"{TOWN} S"],
    "scenario draw": [f"{TOWN} S list.csv --called 新"],
    "scenario export": [f"{TOWN} 2022年方案 out.geojson"],
    "scenario give": [f"{TOWN} S {{grid}} {{house}}"],
    "scenario import": [f"{TOWN} list.csv S"],
    "scenario join": [f"{TOWN} S {{grid}} {{grid}}"],
    "scenario list": [TOWN],
    "scenario lock": [f"{TOWN} S {{grid}}"],
    "scenario log": [f"{TOWN} S"],
    "scenario mend-across": [f"{TOWN} S {{grid}}", f"{TOWN} S {{grid}} --give"],
    "scenario mend-slivers": [f"{TOWN} S"],
    "scenario redo": [f"{TOWN} S"],
    "scenario rename": [f"{TOWN} S T"],
    "scenario replay": [f"{TOWN} S"],
    "scenario split": [f"{TOWN} S {{grid}} list.csv --called 新"],
    "scenario undo": [f"{TOWN} S"],
    "serve": [],
    "shortage": [f"{TOWN} --xlsx shortage.xlsx", TOWN],
    "stale": [f"{TOWN} --xlsx stale.xlsx", TOWN],
    "study": [f"{TOWN} coverage", f"{TOWN} workload"],
    "subject": [],
    "summary": [TOWN],
    "township": [TOWN, ""],
    "training add": [f"{TOWN} T1 --course 课 --held 2026-01-01 --hours 2 --staff {{staff}}"],
    "training attend": [f"{TOWN} T1 --staff {{staff}}"],
    "training plan": [f"{TOWN} T9 --course 课 --held 2099-01-01 --hours 2"],
    "training profile": [f"{TOWN} {{staff}} --age 50_59"],
    "training profiles": [TOWN],
    "training sessions": [TOWN],
    "training hours": [TOWN],
    "undo-load": ["1", "77"],
    "user add": ["somebody 测试某"],
    "user disable": ["clerk"],
    "user enable": ["clerk"],
    "user end": ["1"],
    "user first": ["somebody 测试某"],
    "user list": [""],
    "user password": ["clerk"],
    "user revoke": ["clerk script"],
    "user role": ["clerk community_clerk --area 999901001002"],
    "user roles": [""],
    "user second-factor": ["clerk"],
    "user token": ["clerk script --scope see_houses"],
    "weights add": [f"{TOWN} 2 list.csv"],
    "weights show": [TOWN],
    "who": [f"{TOWN} {{address}}", f"{TOWN} {{grid}}"],
    "worker": ["--once"],
    "workload": [TOWN],
}
"""Options and arguments of each command, one line a run; none: see NOT_RUN."""
NOT_RUN = {
    "db backup": "a whole copy of the store is what the operator asks for; it belongs where the store is",
    "subject": "hands over all that is held on one person, for a purpose, and the audit says so",
    "serve": "what it answers is asked in test_matrix.py",
}
TELLS = {name: {"import_run.file_name"} for name in ("loads", "undo-load")}
"""What a command is there to tell, and who owns the store alone may ask."""


@pytest.fixture(scope="module")
def town(cluster: Cluster, template: str) -> Iterator[tuple[Engine, dict[str, Spot]]]:
    with own_database(cluster, template, "matrix_cli") as engine:
        with transaction(engine) as session:
            filled = fill_town(session, columns=6, rows=6, houses=240, events=90)
            spots = plant(session)
            index_addresses(session, filled.township_id)
            appointed(session, "community_clerk", "999901001001", name="clerk")
        yield engine, spots


def test_every_command_has_an_entry():
    assert set(commands()) == set(ARGS), (
        "say how the command is run, so that what it tells is heard"
    )
    assert {name for name, runs in ARGS.items() if not runs} == set(NOT_RUN)


@pytest.mark.thorough
def test_no_command_tells_a_canary(
    town: tuple[Engine, dict[str, Spot]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):  # fmt: skip
    engine, spots = town
    monkeypatch.chdir(tmp_path)
    # Masked forms and an event's own number are what the operator works with.
    wanted = [c for c in canaries() if c.level == OPEN]
    spot = spots["A1"]
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    people = {
        "code": "999905191509113572", "household": "F1", "name": "测试甲", "id": "999905191509113572",
        "phone": "19911111111", "address": "虚构路", "lon": "1", "lat": "999", "matter": "01",
        "reported_at": "x",
    }  # fmt: skip
    (tmp_path / "people.csv").write_text(",".join(people) + "\n" + ",".join(people.values()) + "\n")
    values = {
        "address": spot.address, "house": spot.house_code, "grid": spot.grid_code, "lon": spot.lon,
        "lat": spot.lat, "staff": f"{spot.grid_code}-w", "alias": "老槐树", "resident": "R1-1",
    }  # fmt: skip
    env = {
        "DATABASE_URL": engine.url.render_as_string(hide_password=False), "GISGRID_HOME": str(tmp_path),
    }  # fmt: skip
    wrong: list[tuple[str, Canary]] = []
    spoke = 0
    runner = CliRunner()
    with caplog.at_level(logging.INFO):
        for name, runs in ARGS.items():
            for line in runs:
                for language in ("zh_CN.UTF-8", "en_US.UTF-8"):
                    words = [word.format(**values) for word in [*name.split(), *line.split()]]
                    done = runner.invoke(main, words, env={**env, "LC_ALL": language})
                    assert done.exit_code in (0, 1, 2), (words, done.exception)
                    assert not isinstance(done.exception, KeyError | TypeError | AttributeError), (
                        words
                    )
                    spoke += done.exit_code == 0
                    told = (done.output + str(done.exception or "")).encode()
                    wrong += [
                        (" ".join(words), c)
                        for c in seen(wanted, told)
                        if c.what not in TELLS.get(name, ())
                    ]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            wrong += [(path.name, c) for c in seen(wanted, path.read_bytes())]
    assert wrong == []
    assert seen(wanted, caplog.text.encode()) == set()
    assert spoke > 40, "most of them had something to tell"
    assert json.dumps(sorted(p.name for p in tmp_path.glob("*.xlsx")))
