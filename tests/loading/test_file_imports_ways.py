"""What may happen on the way: a mended workbook, undo, two at once, a lost right, a killed worker, bad files."""

from __future__ import annotations

import io
import multiprocessing
import os
import tempfile
import threading
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.jobs import imports, worker
from gisgrid.loading import file_imports
from gisgrid.loading.runs import one_at_a_time
from gisgrid.people.privacy.retention import retain
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.imports import HOUSES, Desk, at_desk, desk_town
from tests.support.waiting import eventually

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], int]:
    return desk_town


@pytest.fixture
def office(engine: Engine, made: int) -> Desk:
    return at_desk(engine, made)


def houses(office: Desk) -> int:
    return int(office.scalar("SELECT count(*) FROM house"))


def checked(office: Desk, content: str = HOUSES) -> int:
    number = office.send(content)
    office.check(number, crs="wgs84")
    assert office.found(number).stage == "checked", office.found(number).failed
    return number


def take_the_right(office: Desk) -> None:
    with transaction(office.engine) as session:
        session.execute(text("DELETE FROM role_right WHERE right_name = 'load'"))


def test_refused_rows_come_back_mended_and_are_imported(office: Desk):
    number = checked(office)
    office.press(number, "commit")
    book = office.refused(number)
    assert book.mimetype == XLSX
    mended = openpyxl.load_workbook(io.BytesIO(book.data))
    sheet = mended.worksheets[0]
    assert [c.value for c in sheet[2]][:5] == ["N3", "虚构路903号", "一百二", "40.7013", "4"]
    sheet["C2"] = "120.9023"
    out = io.BytesIO()
    mended.save(out)
    again = office.send(out.getvalue(), "houses.refused.xlsx", after=number)
    found = office.found(again)
    assert (found.kind, found.options["mapping"]["crs"]) == ("houses", "wgs84")
    office.check(again)
    told = office.found(again).checked
    assert told is not None, office.found(again).failed
    assert (told["read"], told["inserted"], told["refused"]) == (1, 1, 0)
    office.press(again, "commit")
    assert houses(office) == 33


def test_an_import_is_taken_back_after_it_was_told_what_that_does(office: Desk):
    number = checked(office)
    assert office.press(number, "undo").status_code == 409, "nothing was imported"
    office.press(number, "commit")
    assert office.press(number, "undo").status_code == 409, "first one looks what would happen"
    office.press(number, "foresee")
    assert houses(office) == 32, "looking takes nothing back"
    found = office.found(number)
    assert found.foreseen == {"removed": {"house": 2}, "restored": {}}
    assert "Take the import back" in office.page(number)
    office.press(number, "undo")
    done = office.found(number)
    assert (done.stage, done.failed) == ("undone", None)
    assert houses(office) == 30
    assert office.press(number, "foresee").status_code == 409
    listed = office.client.get("/office/import?lang=en").text
    assert "taken back" in listed and f"takes back run {done.run_id}" in listed


def test_an_import_on_which_something_newer_hangs_is_not_taken_back_and_says_why(office: Desk):
    first = office.load_text(HOUSES, crs="wgs84")
    office.load_text("code,house\nF901,N1\n", name="households.csv")
    office.press(first, "foresee")
    found = office.found(first)
    assert found.state == "failed"
    assert "household 1 → house N1" in office.why(first)
    assert "household 1" in office.page(first)
    assert office.press(first, "undo").status_code == 409
    assert houses(office) == 32


def test_a_load_of_the_terminal_is_listed_and_taken_back_too(office: Desk, terminal_load: int):
    page = office.client.get("/office/import?lang=en").text
    assert "terminal.csv" in page and f"/office/import/runs/{terminal_load}/foresee" in page
    answer = office.client.post(f"/office/import/runs/{terminal_load}/foresee")
    number = int(answer.location.rsplit("/", 1)[1])
    office.work()
    assert office.found(number).foreseen == {"removed": {"house": 1}, "restored": {}}
    office.press(number, "undo")
    assert houses(office) == 30


@pytest.fixture
def terminal_load(office: Desk, tmp_path: Any) -> int:
    from tests.support.town_f import load_kind, write

    path = write(tmp_path / "terminal.csv", "code,address,lon,lat", "T1,虚构路9号,120.9021,40.7011")
    with transaction(office.engine) as session:
        run = load_kind(session, "houses", path, crs="wgs84").run_id
    assert run is not None
    return run


def test_a_right_taken_between_dry_run_and_import_lets_nothing_through(office: Desk):
    number = checked(office)
    # It was held when the button was pressed; the worker asks again.
    office.press(number, "commit", work=False)
    take_the_right(office)
    office.work()
    found = office.found(number)
    assert (found.state, found.run_id) == ("failed", None)
    assert found.facts is not None and found.facts["error"] == "NotAllowed"
    assert houses(office) == 30
    assert office.client.get(f"/office/import/{number}").status_code == 403


def test_a_right_taken_while_the_import_runs_lets_nothing_stay(
    office: Desk, monkeypatch: pytest.MonkeyPatch
):
    number = checked(office)
    real = file_imports.refuse_strangers
    asked = []

    def last_moment(session: Session, kind: str, township: str | None) -> None:
        asked.append(kind)
        if len(asked) == 3:  # before it is read, before it is loaded, before it stays
            take_the_right(office)
        real(session, kind, township)

    office.press(number, "commit", work=False)
    monkeypatch.setattr(file_imports, "refuse_strangers", last_moment)
    office.work()
    assert len(asked) == 3
    assert (office.found(number).state, houses(office)) == ("failed", 30)


def test_two_at_once_wait_for_each_other(office: Desk):
    """Whoever has begun holds the store's loads; the second says that it waits, and then goes on."""
    number = checked(office)
    with transaction(office.engine) as other:
        one_at_a_time(other)
        office.press(number, "commit", work=False)
        second = threading.Thread(target=office.work)
        second.start()
        assert eventually(lambda: office.found(number).doing == "waiting")
        assert "waits until another load is done" in office.page(number)
        assert houses(office) == 30
    second.join()
    assert office.found(number).stage == "imported"
    assert houses(office) == 32


def test_imports_that_wait_are_done_in_the_order_they_were_asked_for(office: Desk):
    numbers = [checked(office), checked(office, HOUSES.replace("N", "M"))]
    for number in reversed(numbers):
        office.press(number, "commit", work=False)
    assert [office.found(n).before for n in numbers] == [1, 0]
    office.work()
    runs = [office.found(n).run_id for n in numbers]
    assert runs == sorted(runs, key=lambda run: -(run or 0))


def test_a_worker_killed_in_the_midst_leaves_whole_states_and_the_next_one_begins_again(
    office: Desk,
):
    number = checked(office)
    with transaction(office.engine) as other:
        one_at_a_time(other)  # so that it is in the midst until we let it go
        office.press(number, "commit", work=False)
        thread = threading.Thread(target=imports.do_asked, args=(office.engine, in_own_process))
        thread.start()
        assert eventually(lambda: office.found(number).doing == "waiting")
        for child in multiprocessing.active_children():
            child.kill()
        thread.join()
        found = office.found(number)
        assert (found.state, found.run_id, houses(office)) == ("failed", None, 30)
        assert office.why(number) == "It broke off; nothing was written."
        # A worker that is gone itself can say nothing: its task stays as it was.
        with transaction(office.engine) as session:
            session.execute(
                text("UPDATE file_import SET state = 'running', failed = NULL WHERE id = :id"),
                {"id": number},
            )
    office.work()
    assert (office.found(number).stage, houses(office)) == ("imported", 32)


def in_own_process(engine: Engine, number: int, attempt: int, stopped: Callable[[], bool]) -> None:
    imports.apart(engine, number, attempt, stopped, worker.PROCESSES)


def test_what_ends_its_worker_three_times_is_given_up(office: Desk):
    number = checked(office)
    office.press(number, "commit", work=False)
    for _ in range(imports.ATTEMPTS):
        imports.do_asked(office.engine, lambda *_: None)  # a worker that is gone in the midst
    office.work()
    assert office.found(number).state == "failed" and "three times" in office.why(number)
    assert houses(office) == 30


def test_who_stops_it_finds_everything_as_it_was_and_may_go_on(office: Desk):
    number = checked(office)
    office.press(number, "commit", work=False)
    office.press(number, "cancel")
    assert (office.found(number).state, houses(office)) == ("cancelled", 30)
    assert "Stopped; nothing was written." in office.page(number)
    office.press(number, "commit")
    assert houses(office) == 32


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "a.csv is empty"),
        ("a.pdf", b"%PDF", "Files with the ending .pdf are not read"),
        ("a", b"x", "Files with the ending (none) are not read"),
    ],
)
def test_a_file_that_is_none_is_refused_at_the_door(
    office: Desk, name: str, content: bytes, said: str
):
    answer = office.client.post(
        "/office/import?lang=en", data={"file": (io.BytesIO(content), name)}
    )
    assert answer.status_code == 422 and said in answer.text
    assert office.scalar("SELECT count(*) FROM file_import") == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.xlsx", b"code,name\n", "is no XLSX file"),
        ("a.csv", b"code,address,lon,lat\n", "has a header and no rows"),
        ("a.gpkg", b"SQLite format 3\0" + b"x" * 99, "is no GeoPackage that can be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_and_can_be_thrown_away(
    office: Desk, name: str, content: bytes, said: str
):
    number = office.send(content, name)
    assert office.found(number).state == "failed" and said in office.why(number)
    assert said in office.page(number)
    assert office.press(number, "away").status_code == 303
    assert office.client.get(f"/office/import/{number}").status_code == 404


def test_a_file_larger_than_the_limit_is_refused_in_words_before_it_is_read(office: Desk):
    from tests.support.web import app_over

    small = app_over(office.engine, account=office.account, import_max_mb=1).test_client()
    small.environ_base["HTTP_X_CSRFTOKEN"] = office.client.environ_base["HTTP_X_CSRFTOKEN"]
    sent = io.BytesIO(b"x" * (3 << 20))
    answer = small.post(
        "/office/import?lang=en", input_stream=sent, content_length=3 << 20,
        content_type="multipart/form-data; boundary=x",
    )  # fmt: skip
    assert answer.status_code == 413
    assert "larger than 1 MB; nothing was kept" in answer.text
    assert office.scalar("SELECT count(*) FROM file_import") == 0


def test_a_file_is_deleted_after_its_time_and_the_record_stays(office: Desk):
    number = checked(office)
    office.press(number, "commit")
    with transaction(office.engine) as session:
        session.execute(text("UPDATE file_import SET sent_at = now() - interval '40 days'"))
        place = township(session)
        found = retain(session, place, today(place), who="test")
    assert [line.emptied for line in found.lines if line.table == "file_import"] == [1]
    assert office.scalar("SELECT count(*) FROM file_import_part") == 0
    page = office.page(number)
    assert "The file itself was deleted after its time." in page and "虚构路901号" not in page
    assert office.found(number).imported is not None
    assert office.refused(number).status_code == 404


def test_options_of_the_page_are_those_of_the_terminal(office: Desk):
    """A moved household and an emptied column are refused, until the page asks for them."""
    office.load_text(HOUSES, crs="wgs84")
    office.load_text("code,house,room\nF901,N1,101\n", name="households.csv")
    number = office.send("code,house,room\nF901,N2,101\n", "households.csv")
    office.check(number)
    told = office.found(number).checked
    assert told is not None and [r["code"] for r in told["reasons"]] == ["moved"]
    office.check(number, move="1")
    told = office.found(number).checked
    assert told is not None and (told["updated"], told["refused"]) == (1, 0)
    emptied = office.send("code,house,room\nF901,N1,\n", "households.csv")
    office.check(emptied)
    found = office.found(emptied)
    assert found.state == "failed" and found.facts is not None and "emptied" in found.facts
    office.check(emptied, blank="room")
    assert office.found(emptied).checked["emptied"][0]["values"] == 1


def test_the_wrong_datum_is_told_with_the_right_one_and_drawn(office: Desk):
    from gisgrid.core.datums import wgs84_to_gcj02

    rows = ["code,address,lon,lat"]
    with transaction(office.engine) as session:
        for code, lon, lat in session.execute(
            text("SELECT code, ST_X(geom), ST_Y(geom) FROM house ORDER BY code")
        ):
            x, y = (v.item() for v in wgs84_to_gcj02(lon, lat))
            rows.append(f"{code},虚构镇虚构路{code}号,{x:.7f},{y:.7f}")
    number = office.send("\n".join(rows) + "\n")
    office.check(number, crs="wgs84")
    found = office.found(number)
    assert found.state == "failed" and found.facts is not None and found.facts["best"] == "gcj02"
    page = office.page(number)
    assert "<svg" in page and "Read as wgs84." in page
    office.check(number, crs="gcj02")
    told = office.found(number).checked
    assert told is not None and told["verdict"]["doubtful"] is False
    page = office.page(number)
    assert "Nothing speaks against gcj02" in page and "of the first 30 points lie in a grid" in page


def test_offices_may_not_be_loaded_above_the_ground_that_one_administers(office: Desk):
    rows = "code,name,role,area,since\n{},测试新,{},{},2023-01-01\n"
    number = office.send(rows.format("county1", "county_reviewer", "999901"), "offices.csv")
    office.check(number, "offices")
    found = office.found(number)
    assert found.facts is not None and found.facts["right"] == "administer"
    below = office.send(rows.format("zhan1", "community_clerk", "999901001001"), "offices.csv")
    office.check(below, "offices")
    assert office.found(below).checked is not None, office.found(below).failed
    with transaction(office.engine) as session:
        government = appointed(session, "township_government", name="government")
    other = at_desk(office.engine, government)
    assert other.check(below, "offices").status_code == 403


def test_the_right_of_one_township_says_nothing_of_the_next(office: Desk):
    """Neither is the next one's import seen, nor may a file be meant for it; areas would change both."""
    with transaction(office.engine) as session:
        for statement in _NEXT.split(";\n"):
            session.execute(text(statement), {"me": office.account})
        other = appointed(session, "administrator", "999901002", name="other")
    theirs = at_desk(office.engine, other).send(HOUSES)
    assert office.client.get(f"/office/import/{theirs}").status_code == 404
    assert "W9.csv" not in office.client.get("/office/import").text
    mine = office.send(HOUSES)
    assert office.check(mine, crs="wgs84", into="999901002").status_code == 403
    with transaction(office.engine) as session:
        # As if a page had said that the next one's load is of this township.
        forged = session.scalar(text(_FORGED), {"me": office.account})
    office.work()
    assert office.found(forged).facts["error"] == "NotAllowed"
    areas = office.send("code,level,name,parent\nC9,community,测试社区,999901002\n", "areas.csv")
    assert office.check(areas, "areas").status_code == 403
    assert office.found(areas).stage == "looked"


_NEXT = """
INSERT INTO area (code, level, name, parent_id, geom)
SELECT '999901002', 'township', '邻镇', parent_id, ST_Translate(geom, 0.1, 0) FROM area WHERE level = 'township';
INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM area WHERE code = '999901002';
INSERT INTO import_run (kind, township, file_name, sha256, who, reversible)
VALUES ('houses', '999901002', 'W9.csv', 'x', 'x', true)
"""


_FORGED = """
INSERT INTO file_import (township, kind, file_name, size, sha256, account_id, who, asked_by, run_id, task)
SELECT '999901001', kind, file_name, 0, sha256, :me, 'x', :me, id, 'foresee' FROM import_run
WHERE file_name = 'W9.csv' RETURNING id
"""


def test_folders_of_a_killed_process_are_swept_and_others_left(tmp_path: Any, monkeypatch: Any):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone, ours = (
        tmp_path / "gisgrid-import-999999999-x",
        tmp_path / f"gisgrid-import-{os.getpid()}-x",
    )
    for folder in (gone, ours):
        folder.mkdir()
        (folder / "file.csv").write_text("测")
    imports.sweep()
    assert not gone.exists() and ours.exists()
