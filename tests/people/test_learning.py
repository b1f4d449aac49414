"""Documents and who has read them; training and its hours; grids that lack people."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import plan_in_force, township
from gisgrid.db.store import transaction
from gisgrid.people.learning import documents, training
from gisgrid.people.learning.training import Course
from gisgrid.planning.checks.shortage import shortage, shortage_sheets
from tests.support.factories import create_member, create_plan, create_staff, create_township
from tests.support.terminal import gisgrid
from tests.support.town_f import DATA, load_kind, write
from tests.support.town_files import table

DAY = date(2023, 8, 31)


@pytest.fixture
def place(session: Session) -> int:
    """A township with the grids a, b, c, d: a whole team, a leader alone, no leader, nobody."""
    made = create_township(session, "a b c d")
    create_plan(session, made, "a b c d")
    create_member(session, made, "a", "leader", code="S1")
    create_member(session, made, "a", "worker", code="S2")
    create_member(session, made, "b", "leader", code="S3")
    create_member(session, made, "c", "social_force", code="S4")
    create_member(
        session, made, "c", "worker", code="S5", during=(date(2022, 1, 1), date(2023, 1, 1))
    )
    return int(made.area_id)


def issue(session: Session, place: int, words: str, **more: object) -> documents.Number:
    details = {
        "title": "工作手册（虚构）",
        "file_name": "手册.txt",
        "day": DAY,
        "who": "test",
        **more,
    }
    return documents.issue(session, place, "M1", content=words.encode(), **details)  # type: ignore[arg-type]


def unread(session: Session, place: int) -> list[str]:
    return [r.staff for r in documents.readers(session, place, "M1", DAY) if not r.read_at]


def test_a_new_version_is_to_be_read_again(session: Session, place: int):
    assert issue(session, place, "一") == documents.Number(1, True)
    assert unread(session, place) == ["S1", "S2", "S3", "S4"]
    first = documents.mark_read(session, place, "M1", "S1")
    assert documents.mark_read(session, place, "M1", "S1") == first
    assert unread(session, place) == ["S2", "S3", "S4"]
    assert issue(session, place, "二", title=None) == documents.Number(2, True)
    assert unread(session, place) == ["S1", "S2", "S3", "S4"]
    (one,) = documents.documents(session, place, DAY)
    assert (one.title, one.number, one.asked, one.read) == ("工作手册（虚构）", 2, 4, 0)
    before = {r.staff: r.earlier for r in documents.readers(session, place, "M1", DAY)}
    assert before == {"S1": 1, "S2": None, "S3": None, "S4": None}
    # Of the first version the receipt stays.
    old = documents.readers(session, place, "M1", DAY, 1)
    assert [r.staff for r in old if r.read_at] == ["S1"]
    with pytest.raises(Conflict, match=r"Version 2 .* is out"):
        documents.mark_read(session, place, "M1", "S2", 1)
    assert documents.version(session, place, "M1", 1).content == "一".encode()


def test_only_those_asked_count_and_who_left_stays_on_the_list(session: Session, place: int):
    issue(session, place, "一", roles=["leader"])
    assert unread(session, place) == ["S1", "S3"]
    documents.mark_read(session, place, "M1", "S5")
    rows = documents.readers(session, place, "M1", DAY)
    assert [(r.staff, r.grids, bool(r.read_at)) for r in rows] == [
        ("S1", ("a",), False), ("S3", ("b",), False), ("S5", (), True),
    ]  # fmt: skip
    (one,) = documents.documents(session, place, DAY)
    assert (one.asked, one.read) == (2, 0)


def test_the_same_file_is_no_new_version_and_an_old_one_does_not_come_back(
    session: Session, place: int
):
    issue(session, place, "一")
    assert issue(session, place, "一") == documents.Number(1, False)
    issue(session, place, "二")
    with pytest.raises(Conflict, match="was version 1"):
        issue(session, place, "一")


def test_a_version_never_changes(session: Session, place: int):
    issue(session, place, "一")
    with pytest.raises(DBAPIError, match="never changes"):
        session.execute(text("UPDATE document_version SET content = 'x'"))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.html", b"<script>", "not issued"),
        ("a.exe", b"MZ", "not issued"),
        ("a.pdf", b"<html>", "not what its name says"),
        ("a.txt", b"\xff\xfe\0", "not what its name says"),
        ("a.txt", b"", "is empty"),
        ("a.docx", b"PK\x03\x04", "not what its name says"),
        ("a.pdf", b"%PDF-" + bytes(21_000_000), "has 21.0 MB; a document has at most 20 MB"),
    ],
)
def test_files_that_may_not_be_issued(
    session: Session, place: int, name: str, content: bytes, says: str
):
    with pytest.raises(Invalid, match=says):
        documents.issue(
            session, place, "M1", file_name=name, content=content, day=DAY, who="t", title="x"
        )


def test_what_is_missing_is_said(session: Session, place: int):
    with pytest.raises(Invalid, match="give it a title"):
        issue(session, place, "一", title=" ")
    with pytest.raises(Invalid, match="no part"):
        issue(session, place, "一", roles=["boss"])
    with pytest.raises(NotFound, match="no document"):
        documents.mark_read(session, place, "M9", "S1")
    issue(session, place, "一", file_name="../../etc/手册.txt")
    assert documents.version(session, place, "M1").file_name == "手册.txt"
    with pytest.raises(NotFound, match="version 7"):
        documents.version(session, place, "M1", 7)
    with pytest.raises(NotFound, match="S99"):
        documents.mark_read(session, place, "M1", "S99")


COURSES = (
    "code,course,kind,held_on,hours,expires_on,staff",
    "T1,上岗培训,training,2023-01-10,8,2023-08-31,S1",
    "T1,上岗培训,training,2023-01-10,8,2023-08-31,S2",
    "T2,外出考察,考察学习,2023-03-01,4.5,,S2",
    "T3,例会,会议,2023-09-01,2,,S2",
)


def test_training_loads_once_and_its_hours_are_counted(
    session: Session, place: int, tmp_path: Path
):
    path = write(tmp_path / "t.csv", *COURSES)
    report = load_kind(session, "trainings", path)
    assert (report.inserted, len(report.rejected.rows())) == (3 + 4, 0)
    assert load_kind(session, "trainings", path).run_id is None
    rows = {r.staff: r for r in training.hours_by_worker(session, place, DAY)}
    assert list(rows) == ["S3", "S4", "S1", "S2"]
    two = rows["S2"]
    # The meeting lies after the day that is asked about; the last day of validity counts.
    assert (two.training, two.study_tour, two.meeting, two.hours) == (8, 4.5, 0, 12.5)
    assert (two.trained, two.expires_on) == (True, DAY)
    later = {r.staff: r for r in training.hours_by_worker(session, place, date(2023, 9, 1))}
    assert (later["S2"].trained, later["S2"].expires_on, later["S2"].hours) == (False, None, 14.5)
    recent = training.hours_by_worker(session, place, DAY, since=date(2023, 2, 1))
    assert {r.staff: r.hours for r in recent} == {"S1": 0, "S2": 4.5, "S3": 0, "S4": 0}


def test_bad_rows_of_training_come_back(session: Session, place: int, tmp_path: Path):
    rows = (
        "T1,上岗培训,training,2023-01-10,8,,S1",
        "T1,上岗培训,training,2023-01-11,8,,S2",
        "T2,夜校,training,2023-01-10,0,,S1",
        "T3,夜校,training,2023-01-10,8,2022-01-01,S1",
        "T4,夜校,training,2023-01-10,8,,S77",
        "T5,夜校,party,2023-01-10,8,,S1",
        "T7,夜校,training,2099-01-10,8,,S1",
        "T6,夜校,training,2023-01-10,8,,S1",
        "T6,夜校,training,2023-01-10,8,,S1",
    )
    report = load_kind(session, "trainings", write(tmp_path / "t.csv", COURSES[0], *rows))
    assert report.rejected.counts() == {
        "hours": 1, "not_a_choice": 1, "not_held": 1, "training_differs": 1, "unknown_staff": 1, "until_first": 1,
    }  # fmt: skip
    assert report.noted.counts() == {"row_twice": 1}
    assert session.scalars(text("SELECT code FROM training ORDER BY 1")).all() == ["T1", "T6"]


def test_a_training_is_recorded_by_hand(session: Session, place: int):
    course = Course("T1", "上岗培训", date(2023, 1, 10), 8)
    assert training.record(session, place, course, ["S1", "S2"], day=DAY) == 2
    assert training.record(session, place, course, ["S2", "S3"], day=DAY) == 1
    with pytest.raises(Conflict, match="other particulars"):
        training.record(session, place, Course("T1", "别的", date(2023, 1, 10), 8), ["S1"], day=DAY)
    with pytest.raises(NotFound, match="S9"):
        training.record(session, place, course, ["S9"], day=DAY)
    for bad in (
        Course("T2", "夜校", date(2023, 1, 10), 0),
        Course("T2", "夜校", date(2023, 1, 10), float("nan")),
        Course("T2", "夜校", date(2023, 1, 10), 1, "party"),
        Course("T2", " ", date(2023, 1, 10), 1),
        Course("T2", "夜校", date(2023, 1, 10), 1, "training", date(2023, 1, 9)),
    ):
        with pytest.raises(Invalid):
            training.record(session, place, bad, ["S1"], day=DAY)
    with pytest.raises(Invalid, match="Nobody"):
        training.record(session, place, Course("T2", "夜校", date(2023, 1, 10), 1), [], day=DAY)


def test_receipts_of_a_signed_list_load_and_the_first_reading_stays(
    session: Session, place: int, tmp_path: Path
):
    issue(session, place, "一")
    head = "document,version,staff,read_at"
    good = "M1,1,S1,2023-08-01 09:00"
    path = write(tmp_path / "r.csv", head, good, "M1,2,S1,2023-08-01 09:00", "M1,1,S77,2023-08-01")
    report = load_kind(session, "receipts", path)
    assert report.inserted == 1
    assert report.rejected.counts() == {"unknown_document": 1, "unknown_staff": 1}
    again = write(tmp_path / "s.csv", head, "M1,1,S1,2023-08-05 09:00")
    assert load_kind(session, "receipts", again).run_id is None
    (one, *_) = [r for r in documents.readers(session, place, "M1", DAY) if r.read_at]
    assert (one.staff, one.read_at.isoformat()) == ("S1", "2023-08-01T01:00:00+00:00")


def test_grids_that_lack_people_are_listed(session: Session, place: int):
    course = Course("T1", "上岗培训", date(2023, 1, 10), 8, "training", date(2023, 8, 30))
    training.record(session, place, course, ["S1", "S3"], day=DAY)
    plan = plan_in_force(session, place)
    then = shortage(session, township(session), plan, date(2023, 8, 30))
    assert {g.code: g.lacks for g in then.grids} == {
        "a": (), "b": ("leader_only",), "c": ("no_leader", "no_trained"), "d": ("no_team",),
    }  # fmt: skip
    # A day later the training of a and b has expired.
    found = shortage(session, township(session), plan, DAY)
    assert {g.code: g.lacks for g in found.lacking} == {
        "a": ("no_trained",),
        "b": ("leader_only", "no_trained"),
        "c": ("no_leader", "no_trained"),
        "d": ("no_team",),
    }
    (first, *_) = found.grids
    assert (first.leaders, first.workers, first.social_force, first.trained) == (1, 1, 0, 0)
    answers, grids = shortage_sheets(found)
    assert [row[3] for row in answers.rows] == [1, 1, 1, 3]
    assert (
        grids.rows[1][10] == "仅有网格长 leader only；网格无受训人员 grids without a trained member"
    )


def test_the_commands_of_learning(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with transaction(engine) as session:
        made = create_township(session, "a b")
        create_plan(session, made, "a b")
        create_member(session, made, "a", "leader", code="S1")
        create_staff(session, made, code="S2")
    Path("手册.txt").write_text("第一版", encoding="utf-8")
    issue = ("document", "issue", "M1", "手册.txt")
    assert "give it a title" in gisgrid(engine, *issue).output
    dry = gisgrid(engine, *issue, "--title", "手册")
    assert "dry run" in dry.output, dry.output
    assert "no document" in gisgrid(engine, "document", "readers", "M1").output
    assert "version 1" in gisgrid(engine, *issue, "--title", "手册", "--commit").output
    assert "version 1, as before" in gisgrid(engine, *issue, "--commit").output
    assert gisgrid(engine, "document", "read", "M1", "--staff", "S1", "--commit").exit_code == 0
    assert "1 of 1" in gisgrid(engine, "document", "list").output
    shown = gisgrid(engine, "document", "readers", "M1", "--xlsx", "r.xlsx")
    assert "1 have read it, 0 have not" in shown.output
    assert openpyxl.load_workbook("r.xlsx").worksheets[0]["A2"].value == "S1"
    assert "SHA-256" in gisgrid(engine, "document", "save", "M1", "back.txt").output
    assert Path("back.txt").read_text("utf-8") == "第一版"
    assert "exists already" in gisgrid(engine, "document", "save", "M1", "back.txt").output
    add = ("training", "add", "T1", "--course", "上岗", "--held", "2023-01-10", "--hours", "8")
    assert "1 people noted" in gisgrid(engine, *add, "--staff", "S1", "--commit").output
    hours = gisgrid(engine, "training", "hours", "--xlsx", "h.xlsx")
    assert "1 of 1 have training that counts" in hours.output, hours.output
    lacking = gisgrid(engine, "shortage", "--xlsx", "s.xlsx")
    assert "leader only · 仅有网格长: 1 of 2" in lacking.output, lacking.output
    assert "grids without a team · 网格无团队: 1 of 2" in lacking.output
    assert openpyxl.load_workbook("s.xlsx").sheetnames == ["缺口 shortage", "网格 grids"]


def test_town_f_has_training_documents_and_three_untrained_teams(town: Session):
    place = township(town)
    for kind in ("service/stations", "service/visits", "learning/trainings"):
        report = load_kind(town, kind.split("/")[1], DATA / f"{kind}.csv", crs="wgs84")
        assert len(report.rejected.rows()) == 0, report.rejected.counts()
        assert report.inserted >= report.read
    for row in table("documents").to_dict("records"):
        documents.issue(
            town, place.id, row["code"], file_name=row["file"], title=row["title"], who="test",
            content=(DATA / "learning" / row["file"]).read_bytes(), day=DAY,
            roles=[r for r in row["roles"].split(";") if r],
        )  # fmt: skip
    receipts = load_kind(town, "receipts", DATA / "learning/receipts.csv")
    assert (receipts.inserted, len(receipts.rejected.rows())) == (receipts.read, 0)
    programme, workbook = documents.documents(town, place.id, DAY)
    assert (programme.number, workbook.number) == (2, 1)
    assert 0 < programme.read < programme.asked
    assert workbook.asked < programme.asked
    found = shortage(town, place, plan_in_force(town, place.id), DAY)
    assert [len(r.findings) for r in found.results[:3]] == [0, 0, 0]
    untrained = {g.code for g in found.grids if "no_trained" in g.lacks}
    assert len(untrained) >= 3
    # Counted again from the files themselves.
    trained = {
        row["staff"]
        for row in table("trainings").to_dict("records")
        if row["kind"] == "training" and (row["expires_on"] or "9") >= "2023-08-31"
    }
    team: dict[str, set[str]] = {}
    for row in table("staff").to_dict("records"):
        if (row["until"] or "9") >= "2023-08-31":
            team.setdefault(row["grid"], set()).add(row["code"])
    assert untrained == {grid for grid, members in team.items() if not members & trained}
