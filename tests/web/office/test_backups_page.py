"""Backups at the office's page: for who administers the whole store, without saying where they lie."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from gisgrid.db import backup as dump
from gisgrid.db.store import transaction
from gisgrid.jobs import drills
from gisgrid.people.privacy.backups import backups, note_backup
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.lists import fill_lists
from tests.support.office import Keeper, able

PAGE = "/office/backups"


def test_backups_are_listed_for_who_administers_the_whole_store(own_town: Engine):
    with transaction(own_town) as session:
        made = fill_lists(session)
        (known,) = backups(session)
        assert known.path == "/srv/secret-place/town.dump", "the terminal is told where"
    page = Keeper(own_town, made["government"]).get(PAGE).text
    assert "town.dump" in page and "12.3" in page and "past its time" in page
    assert "secret-place" not in page
    assert Keeper(own_town, made["clerk"]).get(PAGE).status_code == 403
    with acting(web_engine(own_town), made["clerk"]) as session:
        refused(session, "SELECT 1 FROM backup")
        assert session.execute(text("SELECT * FROM list_backups()")).all() == []


def test_who_administers_one_township_of_several_sees_none(own_town: Engine):
    with transaction(own_town) as session:
        fill_lists(session)
        keeper = appointed(session, "administrator", name="keeper")
        session.execute(
            text(
                "WITH a AS (INSERT INTO area (code, level, name, parent_id, geom) SELECT '999901002', 'township', "
                "'虚构镇', parent_id, geom FROM area WHERE level = 'township' RETURNING id) "
                "INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM a"
            )
        )
    page = Keeper(own_town, keeper).get(f"{PAGE}?township=999901001").text
    assert "town.dump" not in page and "who administers the whole store" in page


@pytest.fixture
def backed_up(own_town: Engine, tmp_path: Path) -> tuple[Engine, dict[str, int], int]:
    """Town F with its administrator and a backup that was really written."""
    with transaction(own_town) as session:
        made = {"root": able(session, "root", "administrator", None)}
    file = tmp_path / "town.dump"
    written = dump.backup(own_town, file)
    with transaction(own_town) as session:
        return own_town, made, note_backup(session, file, written.counts).id


def test_a_drill_reads_a_backup_back_and_says_that_it_is_whole(
    backed_up: tuple[Engine, dict[str, int], int],
):
    engine, made, number = backed_up
    root = Keeper(engine, made["root"])
    assert "No backup was ever read back" in root.get(PAGE).text
    assert root.post(f"{PAGE}/drill", backup=str(number)).status_code == 303
    twice = root.post(f"{PAGE}/drill", backup=str(number))
    assert twice.status_code == 409 and "one at a time" in twice.text
    assert "being read back" in root.get(PAGE).text
    houses = root.scalar("SELECT count(*) FROM house")
    assert drills.do_asked(engine) == 1
    (done,) = _drills(engine)
    assert done.stood and done.rows_read is not None and done.rows_read > houses > 0
    page = root.get(PAGE).text
    assert "came back whole" in page and f"{done.rows_read} rows read back" in page
    assert "完整还原" in root.get(f"{PAGE}?lang=zh").text
    left = "SELECT count(*) FROM pg_database WHERE datname = current_database() || '_drill'"
    assert root.scalar(left) == 0, "what was read back is thrown away"
    assert root.scalar("SELECT account_name FROM audit_entry WHERE action = 'drill'") == "root"
    assert drills.do_asked(engine) == 0


def test_a_drill_tells_tables_that_did_not_come_back_whole(
    backed_up: tuple[Engine, dict[str, int], int],
):
    engine, made, number = backed_up
    with transaction(engine) as session:
        session.execute(
            text(
                "UPDATE backup SET counts = counts || jsonb_build_object('house', (counts ->> 'house')::int + 3)"
            )
        )
        drills.ask(session, number, who="x")
    drills.do_asked(engine)
    (done,) = _drills(engine)
    said, read = (done.differs or {})["house"]
    assert (done.stood, said - read) == (False, 3)
    page = Keeper(engine, made["root"]).get(PAGE).text
    assert "differs" in page and f"house {said} → {read}" in page


def test_a_drill_of_a_file_that_is_gone_changed_or_no_backup_fails_in_words(
    backed_up: tuple[Engine, dict[str, int], int],
):
    engine, made, number = backed_up
    with transaction(engine) as session:
        file = Path(session.scalar(text("SELECT path FROM backup")) or "")
    for words, sha in ((b"x", None), (b"x", hashlib.sha256(b"x").hexdigest()), (None, None)):
        if words is None:
            file.unlink()
        else:
            file.write_bytes(words)
        with transaction(engine) as session:
            if sha:
                session.execute(text("UPDATE backup SET sha256 = :sha"), {"sha": sha})
            drills.ask(session, number, who="x")
        drills.do_asked(engine)
    page = Keeper(engine, made["root"]).get("/office/jobs?state=failed").text
    for said in ("its SHA-256 differs", "pg_restore failed", "cannot be read where it was written"):
        assert said in page, said
    assert str(file.parent) not in page


def test_a_drill_that_is_stopped_ends_and_leaves_nothing(
    backed_up: tuple[Engine, dict[str, int], int], monkeypatch: pytest.MonkeyPatch
):
    engine, made, number = backed_up
    root = Keeper(engine, made["root"])
    root.post(f"{PAGE}/drill", backup=str(number))
    (asked,) = _drills(engine)

    def stopping(*args: object, **more: object) -> dict[str, int]:
        assert root.post("/office/jobs/stop", road="drill", key=str(asked.id)).status_code == 303
        return read_back(*args, **more)  # type: ignore[arg-type]

    read_back = dump.read_back
    monkeypatch.setattr(dump, "read_back", stopping)
    monkeypatch.setattr(dump, "LOOK_S", 0.001)
    drills.do_asked(engine)
    (ended,) = _drills(engine)
    assert (ended.state, ended.rows_read) == ("cancelled", None)
    assert root.post("/office/jobs/again", road="drill", key=str(ended.id)).status_code == 303


def test_drills_are_for_who_administers_the_whole_store(
    backed_up: tuple[Engine, dict[str, int], int],
):
    engine, _, number = backed_up
    with transaction(engine) as session:
        session.execute(
            text(
                "WITH a AS (INSERT INTO area (code, level, name, parent_id) SELECT '999901002', 'township', '虚构镇', "
                "parent_id FROM area WHERE level = 'township' RETURNING id) "
                "INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM a"
            )
        )
        keeper = appointed(session, "administrator", "999901001", name="keeper")
        drills.ask(session, number, who="root")
    one = Keeper(engine, keeper)
    assert one.post(f"{PAGE}/drill?township=999901001", backup=str(number)).status_code == 403
    assert "drill-" not in one.get("/office/jobs?township=999901001").text
    with acting(web_engine(engine), keeper) as session:
        assert drills.drills(session) == []
        refused(session, "SELECT 1 FROM backup_drill")


def _drills(engine: Engine) -> list[drills.Drill]:
    with transaction(engine) as session:
        return drills.drills(session)
