"""A file that only adds, that changes, or that stands for the whole list: at the store, the terminal and the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid
from gisgrid.core.plans import township
from gisgrid.db.cluster import Cluster
from gisgrid.db.store import transaction
from gisgrid.loading.modes import Ended, modes_of
from gisgrid.loading.targets import TARGETS
from gisgrid.loading.undo import undo_load
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.database import own_database, rolled_back
from tests.support.imports import Desk, at_desk
from tests.support.loads import FULL, put, rows_of, town
from tests.support.terminal import gisgrid
from tests.support.web import fill_town

STAFF = "code,name,grid,role,since,until\n"
PARTS = """SELECT string_agg(concat_ws(' ', p.code, m.role, lower(m.during), upper(m.during) - 1), '; '
    ORDER BY p.code, lower(m.during)) FROM team_member m JOIN staff p ON p.id = m.staff_id"""


@pytest.fixture(scope="module")
def _whole_town(
    cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    with own_database(cluster, template, "modes") as engine:
        with transaction(engine) as session:
            town(session, tmp_path_factory.mktemp("town"))
        yield engine


@pytest.fixture
def whole(_whole_town: Engine) -> Iterator[Session]:
    with rolled_back(_whole_town) as session:
        yield session


def part(
    code: str, role: str, since: date | str, until: str = "", grid: str = "a"
) -> dict[str, str]:
    return {
        "code": code, "name": f"样本{code}", "grid": grid, "role": role, "since": str(since), "until": until,
    }  # fmt: skip


def now_of(session: Session) -> date:
    return today(township(session))


@pytest.mark.parametrize("kind", [kind for kind in FULL if "add" in modes_of(kind)])
def test_a_file_that_only_adds_leaves_what_is_stored(whole: Session, tmp_path: Path, kind: str):
    before = rows_of(whole, kind)
    told = next(c for c in ("name", "address", "title", "text", "room", "staff") if FULL[kind].get(c))  # fmt: skip
    changed = FULL[kind] | {told: "" if told == "staff" else "别的"}
    fresh = changed | {"code": f"{FULL[kind]['code']}9"}
    fresh |= {"citizen_id": "", "birth_date": "", "sex": ""} if kind == "residents" else {}
    report = put(whole, kind, tmp_path, changed, fresh, mode="add")
    assert report.rejected.counts() == {}
    assert report.noted.counts()["stored_already"] == 1
    assert report.inserted > 0 and report.updated == 0
    rows = rows_of(whole, kind)
    assert [row for row in before if row not in rows] == [], "as it stood"
    assert len(rows) == len(before) + (2 if kind == "staff" else 1)


def test_a_new_part_of_somebody_known_leaves_the_person(whole: Session, tmp_path: Path):
    report = put(whole, "staff", tmp_path, part("S1", "worker", "2024-01-01", grid="b"), mode="add")
    assert (report.inserted, report.updated) == (1, 0)
    assert whole.scalar(text("SELECT name || ' ' || phone FROM staff WHERE code = 'S1'")) == (
        "测试乙 19900002222"
    )


def test_a_list_that_stands_for_all_ends_what_it_does_not_name(whole: Session, tmp_path: Path):
    now = now_of(whole)
    put(whole, "staff", tmp_path, part("S2", "leader", "2024-01-01"), part("S3", "worker", "2024-01-01"), part("S4", "worker", now), part("S5", "worker", now + timedelta(9)))  # fmt: skip
    before = whole.scalar(text(PARTS))
    appointed(whole, "grid_leader", grid="a", name="leader")
    leads = "SELECT during @> today_in(area_id) FROM appointment WHERE role = 'grid_leader'"
    # Who leads from today on follows who led until yesterday.
    rows = (part("S3", "worker", "2024-01-01"), part("S6", "leader", now))
    report = put(whole, "staff", tmp_path, *rows, mode="replace")
    assert (report.ended, report.rejected.counts()) == (Ended(("S2 · a",), 1), {})
    yesterday, later = now - timedelta(1), now + timedelta(9)
    assert whole.scalar(text(PARTS)) == (
        "S1 worker 2023-01-01 2023-12-31; "
        f"S2 leader 2024-01-01 {yesterday}; S3 worker 2024-01-01; S4 worker {now}; S5 worker {later}; S6 leader {now}"
    )
    assert whole.scalar(text(leads)) is False, "the post ends with the part"
    counts = whole.scalar(text("SELECT counts FROM import_run WHERE id = :r"), {"r": report.run_id})
    assert (counts["ended"], counts["inserted"]) == (1, 2)
    undone = undo_load(whole, int(report.run_id or 0), who="样本")
    assert undone.restored["team_member"] == 1 and whole.scalar(text(PARTS)) == before
    assert whole.scalar(text(leads)) is True


def test_who_gives_no_posts_ends_none_by_a_list(whole: Session, tmp_path: Path):
    put(whole, "staff", tmp_path, part("S2", "leader", "2024-01-01"))
    appointed(whole, "grid_leader", grid="a", name="leader")
    for role, posts in (("township_government", 0), ("administrator", 1)):
        again = whole.begin_nested()
        account = str(appointed(whole, role, name=role))
        whole.execute(text("SELECT set_config('gisgrid.account', :a, true)"), {"a": account})
        report = put(whole, "staff", tmp_path, part("S3", "worker", "2024-01-01"), mode="replace")
        assert report.ended == Ended(("S2 · a",), posts), role
        again.rollback()


def test_a_list_that_names_no_parts_ends_none(whole: Session, tmp_path: Path):
    before = whole.scalar(text(PARTS))
    with pytest.raises(
        Invalid, match=r"needs the columns grid, role and since; it lacks .*role"
    ) as told:
        put(whole, "staff", tmp_path, {"code": "S1", "name": "样本", "grid": ""}, mode="replace")
    assert told.value.facts["lacks"] == ["role", "since"]
    assert whole.scalar(text(PARTS)) == before


def test_a_list_with_refused_rows_ends_nothing(whole: Session, tmp_path: Path):
    put(whole, "staff", tmp_path, part("S2", "leader", "2024-01-01"))
    for wrong in (part("S9", "worker", "soon"), part("S9", "worker", "2024-01-01", grid="nowhere")):
        before = whole.scalar(text(PARTS))
        report = put(whole, "staff", tmp_path, part("S3", "worker", "2024-01-01"), wrong, mode="replace")  # fmt: skip
        assert report.ended == Ended() and len(report.rejected.rows()) == 1
        assert str(whole.scalar(text(PARTS))).startswith(str(before))


@pytest.mark.parametrize("kind", ["stations", "assets"])
def test_what_stands_in_no_list_any_more_ends(whole: Session, tmp_path: Path, kind: str):
    table = {"stations": "station", "assets": "asset"}[kind]
    for code in ("X1", "X2"):
        put(whole, kind, tmp_path, FULL[kind] | {"code": code, "until": ""})
    report = put(whole, kind, tmp_path, FULL[kind] | {"code": "X2", "until": ""}, mode="replace")
    assert (report.ended.names, report.unchanged) == (("X1",), 1)
    held = f"SELECT string_agg(code, ' ' ORDER BY code) FROM {table} WHERE during @> today_in(township_id)"
    assert whole.scalar(text(held)) == "X2"


def test_each_kind_changes_and_those_with_days_alone_are_replaced():
    assert [k for k in TARGETS if "update" not in modes_of(k)] == []
    assert sorted(k for k in TARGETS if "replace" in modes_of(k)) == ["assets", "staff", "stations"]
    one_way = sorted(k for k in TARGETS if len(modes_of(k)) == 1)
    assert one_way == ["duties", "offices", "receipts", "rounds", "trainings"]


def test_a_mode_that_a_kind_does_not_know_is_refused(whole: Session, tmp_path: Path):
    with pytest.raises(Invalid, match="knows the modes add, update, not 'replace'"):
        put(whole, "houses", tmp_path, FULL["houses"], mode="replace")


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], int]:
    def filled(session: Session) -> int:
        fill_town(session, columns=3, rows=3, houses=30, events=9)
        session.execute(text("DELETE FROM team_member"))
        return appointed(session, "administrator", name="office")

    return filled


@pytest.fixture
def desk(engine: Engine, made: int) -> Desk:
    return at_desk(engine, made)


def test_the_page_says_what_each_way_does_and_asks_with_the_number(desk: Desk):
    grid = desk.scalar("SELECT min(code) FROM grid")
    first = STAFF + "".join(f"Q{n},样本{n},{grid},worker,2024-01-01,\n" for n in range(3))
    desk.load_text(first, name="staff.csv", kind="staff")
    number = desk.send(STAFF + f"Q0,样本0,{grid},worker,2024-01-01,\n", "staff.csv")
    page = desk.page(number, query="&kind=staff")
    assert [page.count(f'name="mode" value="{m}"') for m in ("add", "update", "replace")] == [1] * 3
    assert 'value="update" checked' in page and "Only add: what is stored already stays" in page
    assert desk.check(number, "staff", mode="replace").status_code == 303
    page = desk.page(number)
    assert '<li data-count="ended" class="count-bad"><strong>2</strong> would end' in page
    assert (
        "Import it, and end 2 stored rows?" in page and "return if the import is taken back" in page
    )
    assert page.count(f"What ends: Q1 · {grid}, Q2 · {grid}") == 2
    assert "导入，并终止 2 条已有数据？" in desk.page(number, "zh")
    # Somebody else adds a third meanwhile: what was agreed to is not what would happen.
    other = STAFF + f"Q7,样本7,{grid},worker,2024-01-01,\n"
    desk.load_text(other, name="more.csv", kind="staff")
    desk.press(number, "commit")
    assert "3 stored rows would end, and 2 were agreed to" in desk.why(number)
    assert desk.check(number, "staff", mode="replace").status_code == 303
    desk.press(number, "commit")
    assert "<strong>3</strong> were ended" in desk.page(number)
    held = "SELECT count(*) FROM team_member WHERE during @> today_in(township_id)"
    assert desk.scalar(held) == 1
    desk.press(number, "foresee")
    desk.press(number, "undo")
    assert desk.scalar(held) == 4


def test_mended_rows_stand_for_no_others_and_a_list_that_lacks_rows_says_so(desk: Desk):
    grid = desk.scalar("SELECT min(code) FROM grid")
    rows = STAFF + f"Q0,样本0,{grid},worker,2024-01-01,\n"
    desk.load_text(rows, name="staff.csv", kind="staff")
    number = desk.send(STAFF + f"Q1,样本1,{grid},worker,2024-01-01,\nQ2,样本2,{grid},worker,soon,\n", "s.csv")  # fmt: skip
    desk.check(number, "staff", mode="replace")
    page = desk.page(number)
    assert "Nothing ends while rows are refused" in page and 'data-count="ended"' not in page
    after = desk.send(rows, "s.csv", after=number)
    assert "mode" not in desk.found(after).options


def test_a_kind_that_knows_one_way_says_so_and_takes_no_other(desk: Desk):
    number = desk.send("code,name,role,area,since\nzhang,样本,community_clerk,999901001001,2024-01-01\n", "offices.csv")  # fmt: skip
    page = desk.page(number, query="&kind=offices")
    assert "This kind knows one way. Add and change: new rows are added" in page
    assert 'name="mode"' not in page
    answer = desk.check(number, "offices", mode="replace")
    assert answer.status_code == 422
    houses = desk.page(desk.send("code,address\nZ1,虚构路1号\n"), query="&kind=houses")
    assert "Nothing of this kind ends by a list." in houses and 'value="replace"' not in houses


def test_the_terminal_ends_only_the_number_that_was_agreed_to(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    grid = desk.scalar("SELECT min(code) FROM grid")
    two = "".join(f"Q{n},样本{n},{grid},worker,2024-01-01,\n" for n in range(2))
    Path("staff.csv").write_text(STAFF + two, "utf-8")
    assert gisgrid(desk.engine, "load", "staff", "staff.csv", "--commit").exit_code == 0
    Path("staff.csv").write_text(STAFF + two.splitlines()[0] + "\n", "utf-8")
    load = ("load", "staff", "staff.csv", "--mode", "replace")
    assert "1 would be ended" in gisgrid(desk.engine, *load).output
    refused = gisgrid(desk.engine, *load, "--commit")
    assert refused.exit_code != 0
    assert "1 stored rows would end, and 0 were agreed to" in refused.output
    held = "SELECT count(*) FROM team_member WHERE during @> today_in(township_id)"
    assert desk.scalar(held) == 2
    assert "1 ended" in gisgrid(desk.engine, *load, "--ends", "1", "--commit").output
    assert desk.scalar(held) == 1


def test_many_rows_do_not_wait_for_the_account_of_themselves(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    """They take references and indexes away and lock what they hang on; the progress is told beside them."""
    monkeypatch.setattr("gisgrid.db.bulk.WORTH_IT", 1)
    with transaction(desk.engine) as session:
        session.execute(text("DELETE FROM visit"))
        house = session.scalar(text("SELECT min(code) FROM house"))
    number = desk.send(f"code,house,visited_on\nV1,{house},2023-05-01\nV2,{house},2023-05-02\n", "visits.csv")  # fmt: skip
    desk.check(number, "visits")
    assert desk.found(number).stage == "checked", desk.why(number)
    desk.press(number, "commit")
    assert desk.found(number).stage == "imported", desk.why(number)
    assert desk.scalar("SELECT count(*) FROM visit") == 2
