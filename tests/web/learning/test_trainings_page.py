"""Training in the browser: sessions, attendance by ticking, profiles; by right, and what cannot be in words."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta

import openpyxl
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.db.tables import Township
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import acting, appointed, refused, web_engine
from tests.support.factories import create_member
from tests.support.office import TOWN, Keeper, able, staffed_town

PAGE = "/office/training"
GRID = "999901001001001"


def taught_town(session: Session) -> dict[str, int]:
    made = staffed_town(session)
    made["loader"] = able(session, "loader", "township_government", TOWN)
    town = session.get_one(Township, township(session).id)
    for code in ("W1", "W2", "W3"):
        create_member(session, town, GRID, "worker", code=code, name=f"测试{code}")
    return made


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, int]]:
    return taught_town


@pytest.fixture
def loader(engine: Engine, made: dict[str, int]) -> Keeper:
    """The township's government: loads, and sees contacts."""
    return Keeper(engine, made["loader"])


def day_of_town(keeper: Keeper) -> date:
    with transaction(keeper.engine) as session:
        return today(township(session, TOWN))


def add(keeper: Keeper, held_on: date, **form: str) -> int:
    values = {
        "code": "T1",
        "course": "入户走访",
        "kind": "training",
        "hours": "2.5",
        "place": "会议室",
        **form,
    }
    return int(keeper.post(PAGE, held_on=held_on.isoformat(), **values).status_code)


def test_a_session_is_listed_held_and_ticked(loader: Keeper):
    day = day_of_town(loader)
    until = day + timedelta(days=300)
    assert add(loader, day, expires_on=until.isoformat()) == 303
    page = loader.get(f"{PAGE}/of/T1").text
    assert "会议室" in page and "2.5" in page and str(until) in page
    assert 'value="W1"> <span>测试W1' in page.replace("\n", "")
    assert loader.post(f"{PAGE}/of/T1", staff=["W1", "W2"]).status_code == 303
    page = loader.get(f"{PAGE}/of/T1").text
    assert 'data-count="attended">2<' in page and 'value="W1" checked' in page
    # What was ticked wrongly is taken off.
    loader.post(f"{PAGE}/of/T1", staff=["W2", "W3"])
    assert loader.scalar(
        "SELECT array_agg(s.code ORDER BY 1) FROM training_attendee a JOIN staff s ON s.id = a.staff_id"
    ) == ["W2", "W3"]
    hours = loader.get("/training?lang=en").text
    assert hours.count(f"until {until}") == 2


def test_a_session_to_come_takes_no_attendance(loader: Keeper):
    later = day_of_town(loader) + timedelta(days=1)
    assert add(loader, later) == 303
    page = loader.get(f"{PAGE}/of/T1").text
    assert "not held yet" in page and 'name="staff"' not in page
    answer = loader.post(f"{PAGE}/of/T1", staff="W1")
    assert (
        answer.status_code == 422 and "who took part is noted then, and not before" in answer.text
    )
    assert loader.scalar("SELECT count(*) FROM training_attendee") == 0


@pytest.mark.parametrize(
    ("staff", "status", "said"),
    [(["W1", "W1"], 422, "W1 is ticked twice; nothing was kept."), (["W1", "W9"], 404, "W9")],
)
def test_attendance_that_cannot_be_keeps_nothing(
    loader: Keeper, staff: list[str], status: int, said: str
):
    add(loader, day_of_town(loader))
    loader.post(f"{PAGE}/of/T1", staff="W2")
    answer = loader.post(f"{PAGE}/of/T1", staff=staff)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert loader.scalar("SELECT count(*) FROM training_attendee") == 1


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"hours": "0"}, 422, "0 hours cannot be"),
        ({"hours": "long"}, 422, "Hours are a number"),
        ({"hours": "nan"}, 422, "hours cannot be"),
        ({"kind": "party"}, 422, "is no kind of training"),
        ({"course": " "}, 422, "A training has a code and a course."),
        ({"code": "a/b"}, 422, "without /"),
        ({"expires_on": "2020-01-01"}, 422, "It would expire on 2020-01-01"),
        ({"held_on": ""}, 422, "Say on which day it is held."),
        ({"held_on": "soon"}, 422, "must be a day"),
    ],
)
def test_a_session_that_cannot_be_is_refused_in_words(
    loader: Keeper, form: dict[str, str], status: int, said: str
):
    values = {
        "code": "T1", "course": "走访", "kind": "training", "hours": "2",
        "held_on": day_of_town(loader).isoformat(), **form,
    }  # fmt: skip
    answer = loader.post(PAGE, **values)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text[-900:]
    assert loader.scalar("SELECT count(*) FROM training") == 0


def test_a_code_stands_for_one_session(loader: Keeper):
    assert add(loader, day_of_town(loader)) == 303
    assert add(loader, day_of_town(loader), course="另一课") == 409


def test_a_profile_helps_to_plan_and_is_nobody_elses(loader: Keeper, made: dict[str, int]):
    form = {
        "age_band": "50_59",
        "schooling": "junior",
        "qualifications": "急救证\n\n调解员\n急救证",
    }
    assert loader.post(f"{PAGE}/profiles/W1", **form).status_code == 303
    page = loader.get(f"{PAGE}/profiles").text
    mine = page.split('data-profile="W1"')[1].split("</tr>")[0]
    assert (
        "50 to 59" in mine
        and "junior secondary" in mine
        and "急救证, 调解员" in mine
        and "✗ no" in mine
    )
    assert "测试W1" in mine
    # Who has no contacts to see plans by codes.
    office = Keeper(loader.engine, made["office"]).get(f"{PAGE}/profiles").text
    assert "测试W1" not in office and "急救证" in office
    for who in ("clerk", "reviewer"):
        assert Keeper(loader.engine, made[who]).get(f"{PAGE}/profiles").status_code == 403
    with acting(web_engine(loader.engine), made["loader"]) as session:
        refused(session, "SELECT 1 FROM staff_profile")
    wrong = loader.post(f"{PAGE}/profiles/W1", age_band="old")
    assert wrong.status_code == 422 and "There is no age band" in wrong.text
    long = loader.post(f"{PAGE}/profiles/W1", qualifications="x" * 81)
    assert long.status_code == 422 and "At most 20 qualifications of 80 letters" in long.text
    assert loader.post(f"{PAGE}/profiles/W9").status_code == 404


def test_who_leaves_the_staff_for_good_takes_the_profile_along(loader: Keeper):
    loader.post(f"{PAGE}/profiles/W1", age_band="50_59")
    book = loader.get(f"{PAGE}/profiles?as=xlsx")
    rows = {row[0]: row for row in openpyxl.load_workbook(io.BytesIO(book.data)).active.values}
    assert rows["W1"][4] == "50 to 59"


def test_training_of_another_town_is_neither_planned_nor_ticked(loader: Keeper):
    with transaction(loader.engine) as session:
        session.execute(
            text(
                "WITH t AS (INSERT INTO area (code, level, name, parent_id) SELECT '999901002', 'township', '虚镇', id "
                "FROM area WHERE level = 'county' RETURNING id) INSERT INTO township (area_id, metric_srid) SELECT id, 4549 FROM t"
            )
        )
        stranger = appointed(session, "township_government", "999901002", name="stranger")
    add(loader, day_of_town(loader))
    loader.post(f"{PAGE}/of/T1", staff="W1")
    loader.post(f"{PAGE}/profiles/W1", age_band="50_59")
    other = Keeper(loader.engine, stranger)
    assert (
        other.post(
            f"{PAGE}?township={TOWN}",
            code="T2",
            course="x",
            kind="training",
            hours="1",
            held_on="2026-01-05",
        ).status_code
        == 403
    )
    assert other.post(f"{PAGE}/of/T1?township={TOWN}", staff="W2").status_code in (403, 404)
    assert other.post(f"{PAGE}/profiles/W1?township={TOWN}", age_band="under_30").status_code in (
        403,
        404,
    )
    assert "50 to 59" not in other.get(f"{PAGE}/profiles?township={TOWN}").text
    assert (
        loader.scalar(
            "SELECT count(*) FROM training_attendee a JOIN staff s ON s.id = a.staff_id AND s.code = 'W1'"
        )
        == 1
    )
    assert loader.scalar("SELECT age_band FROM staff_profile") == "50_59"
