"""An office makes a task, a worker answers it at the door, the office sees how far it is; by right, and once."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import openpyxl
import pytest
from PIL import Image
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.collection.tasks import keep_days
from gisgrid.core.plans import township
from gisgrid.db.store import transaction
from gisgrid.planning.snapshot.fetch import today
from tests.support.accounts import appointed
from tests.support.door import COMMUNITY, GRID, OTHER_GRID, one_known
from tests.support.office import Keeper

PAGE = "/office/collections"


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], dict[str, Any]]:
    def filled(session: Session) -> dict[str, Any]:
        town = one_known(session)
        session.execute(
            text(
                "DELETE FROM resident r USING household f WHERE f.id = r.household_id AND f.house_id = 3"
            )
        )
        session.execute(text("DELETE FROM household WHERE house_id = 3"))
        return {
            "day": today(township(session)),
            "office": town.account,
            "worker": appointed(session, "grid_worker", grid=GRID, name="worker"),
            "stranger": appointed(session, "grid_worker", grid=OTHER_GRID, name="stranger"),
            "clerk": appointed(session, "community_clerk", COMMUNITY, name="clerk"),
            "auditor": appointed(session, "auditor", name="auditor"),
            "administrator": appointed(session, "administrator", name="administrator"),
        }

    return filled


@pytest.fixture
def people(engine: Engine, made: dict[str, Any]) -> dict[str, Keeper]:
    return {name: Keeper(engine, account) for name, account in made.items() if name != "day"}


def made_task(people: dict[str, Keeper], day: Any, **more: Any) -> int:
    """Number of an open task that asks how many live there, of what the pipe is, and for a photo."""
    office = people["office"]
    form = {"title": "用水普查", "purpose": "care", "fields": ["resident.phone"], "grids": [GRID],
            "due_on": str(day + timedelta(days=9))}  # fmt: skip
    answer = office.post(PAGE, **(form | more))
    assert answer.status_code == 303, answer.text
    number = int(answer.headers["Location"].rsplit("/", 1)[1].split("?")[0])
    for question in (
        {"label": "家中几口人", "kind": "integer", "required": "1", "least": "0", "most": "30"},
        {"label": "水管材料", "kind": "choice", "choices": "铁\n塑料\n不详"},
        {"label": "水表照片", "kind": "photo"},
    ):
        assert office.post(f"{PAGE}/{number}/questions", **question).status_code == 303
    assert office.post(f"{PAGE}/{number}/publish", seen="1").status_code == 303
    return number


def fields(page: str) -> dict[str, str]:
    """Name of the field of each question by its place, and what is hidden."""
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    asked = list(dict.fromkeys(re.findall(r'name="(q\d+)"', page)))
    return {
        "seen": hidden["seen"],
        "client_id": hidden["client_id"],
        **{f"at{n}": name for n, name in enumerate(asked)},
    }


def picture() -> io.BytesIO:
    data = io.BytesIO()
    Image.new("RGB", (30, 20), "teal").save(data, "JPEG")
    data.seek(0)
    return data


def test_the_office_is_told_in_words_what_is_wrong(people: dict[str, Keeper], made: dict[str, Any]):
    office, due = people["office"], str(made["day"])
    for form, reason in (
        ({"purpose": "care", "due_on": due, "grids": GRID}, "Write what the task is called"),
        ({"title": "a", "purpose": "care", "due_on": "", "grids": GRID}, "by which day"),
        (
            {
                "title": "a",
                "purpose": "emergency",
                "fields": "resident.sex",
                "due_on": due,
                "grids": GRID,
            },
            "not declared for this purpose",
        ),
        (
            {"title": "a", "purpose": "care", "due_on": due, "houses": "H1\nX7\nX9"},
            "No house has this code: X7, X9 (2 in all)",
        ),
        ({"title": "a", "purpose": "care", "due_on": due}, "Choose grids, or write codes"),
    ):
        answer = office.post(PAGE, **form)
        assert answer.status_code == 422
        assert reason in answer.text
        assert form.get("houses", "") in answer.text
    number = made_task(people, made["day"])
    answer = office.post(f"{PAGE}/{number}/questions", label="晚了", kind="text")
    assert answer.status_code == 409
    assert "The task is published" in answer.text
    assert office.post(f"{PAGE}/{number}/end", seen="1").status_code == 409
    for who in ("worker", "clerk", "stranger", "auditor"):
        assert people[who].post(PAGE, title="a").status_code == 403
    assert people["auditor"].get(f"{PAGE}/{number}").status_code == 403
    assert people["stranger"].get(f"/collecting/{number}").status_code == 404
    assert "用水普查" in people["administrator"].get(PAGE).text
    assert "for who may see registers" in people["administrator"].get(f"{PAGE}/{number}").text


def test_a_worker_answers_once_with_a_photo_and_the_office_sees_it(
    people: dict[str, Keeper], made: dict[str, Any]
):
    number = made_task(people, made["day"], grids=[], houses="H1\nH3")
    worker, office = people["worker"], people["office"]
    assert "用水普查" in worker.get("/").text
    assert "Houses left: 2 of 2" in worker.get("/collecting").text
    form = f"/collecting/{number}/house/1"
    page = worker.get(form).text
    at = fields(page)
    refused = worker.post(
        form, **{at["at0"]: "31", at["at1"]: "铁", "seen": at["seen"], "client_id": at["client_id"]}
    )
    assert refused.status_code == 422
    assert "家中几口人: at most 30." in refused.text
    assert 'value="31"' in refused.text
    for _ in range(2):
        sent = worker.post(form, **{at["at0"]: "3", at["at1"]: "铁", at["at2"]: (picture(), "a.jpg"),
                                    "seen": at["seen"], "client_id": at["client_id"]})  # fmt: skip
        assert sent.status_code == 303
    assert office.scalar("SELECT count(*) FROM collection_answer") == 3
    assert office.scalar("SELECT count(*) FROM collection_photo") == 1
    again = worker.get(form).text
    assert again.count("Leave it empty to keep it") == 3
    assert "Answered" in again
    assert "测试grid_worker" in again
    photo = re.search(r"/collecting/photos/\d+\.jpg", again)
    assert photo
    assert worker.get(photo[0]).mimetype == "image/jpeg"
    assert people["stranger"].get(photo[0]).status_code == 404
    # The declared value is entered into the register, and nowhere else.
    assert "what=correct" in again or "/enter/correct" in again
    progress = office.get(f"{PAGE}/{number}").text
    (row,) = re.findall(rf'<tr data-row="{GRID}">.*?</tr>', progress, re.S)
    numbers = [
        int(n)
        for n in re.findall(
            r'<td class="n" data-head="(?:Houses|Done|Filled|Required)">(\d+)<', row
        )
    ]
    phones = office.scalar(
        "SELECT count(phone) FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = 1"
    )
    living = office.scalar(
        "SELECT count(*) FROM resident r JOIN household f ON f.id = r.household_id WHERE f.house_id = 1"
    )
    # House 1: a register, its telephones, one required answer; house 3: neither register nor answer.
    assert numbers == [2, int(phones == living), 2 + phones, 2 + living + 2]
    answers = f"{PAGE}/{number}/answers"
    assert "filled in" in office.get(answers).text
    assert "铁" not in office.get(answers).text
    opened = office.post(answers, purpose="care")
    assert "铁" in opened.text
    assert (
        office.scalar("SELECT purpose FROM audit_entry WHERE subject = 'collection_answer'")
        == "care"
    )
    masked = openpyxl.load_workbook(io.BytesIO(office.get(f"{answers}?as=xlsx").data)).active
    plain = openpyxl.load_workbook(
        io.BytesIO(office.post(f"{answers}?as=xlsx", purpose="care").data)
    ).active
    assert [c.value for c in masked[2]][3:6] == ["filled in", "filled in", "photos: 1"]
    assert [c.value for c in plain[2]][3:6] == ["3", "铁", "photos: 1"]
    assert office.scalar("SELECT count(*) FROM audit_entry WHERE action = 'export'") == 2
    assert worker.post(f"{answers}?as=xlsx", purpose="care").status_code == 403
    assert people["clerk"].get(f"{PAGE}/{number}").status_code == 200


def test_large_photos_come_in_and_a_page_that_was_sent_takes_no_other_words(
    people: dict[str, Keeper], made: dict[str, Any]
):
    worker, office = people["worker"], people["office"]
    number = made_task(people, made["day"], grids=[], houses="H1", title="排水/雨水: 第[1]次?")
    form = f"/collecting/{number}/house/1"
    at = fields(worker.get(form).text)
    own = {"seen": at["seen"], "client_id": at["client_id"]}
    large = io.BytesIO()
    Image.effect_noise((1600, 1200), 200).save(large, "JPEG", quality=95)
    assert large.tell() > 1_000_000
    large.seek(0)
    sent = worker.post(form, **{at["at0"]: "3", at["at2"]: (large, "a.jpg"), **own})
    assert sent.status_code == 303
    # The client of the tests leaves the file open that it keeps a large body in.
    sent.request.environ["wsgi.input"].close()
    assert office.scalar("SELECT count(*) FROM collection_photo") == 1
    other = worker.post(form, **{at["at0"]: "4", **own})
    assert other.status_code == 409
    assert "sent before with other answers" in other.text
    again = fields(other.text)
    assert again["client_id"] != at["client_id"]
    assert (
        worker.post(
            form, **{at["at0"]: "4", "seen": again["seen"], "client_id": again["client_id"]}
        ).status_code
        == 303
    )
    masked, plain = (
        office.get(f"{PAGE}/{number}/answers").text,
        office.post(f"{PAGE}/{number}/answers", purpose="care").text,
    )
    assert "before: filled in · 测试grid_worker" in masked
    assert "before: 3 · 测试grid_worker" in plain
    # A title that is no name of a sheet.
    for page in (f"{PAGE}/{number}", f"{PAGE}/{number}/answers"):
        book = openpyxl.load_workbook(io.BytesIO(office.get(f"{page}?as=xlsx").data))
        assert book.sheetnames == ["排水-雨水- 第-1-次-"]
    draft = office.post(PAGE, title="复查", purpose="care", due_on=str(made["day"]), grids=[GRID])
    junk = office.post(
        draft.headers["Location"] + "/form", form=(io.BytesIO(b"x" * 1_500_000), "f.xlsx")
    )
    assert junk.status_code == 422
    junk.request.environ["wsgi.input"].close()
    assert "f.xlsx is no XLSX workbook" in junk.text or "form.xlsx is no XLSX workbook" in junk.text
    four = draft.headers["Location"]
    for label in "甲乙丙丁":
        assert (
            office.post(f"{four}/questions", label=label, kind="photo", required="1").status_code
            == 303
        )
    assert office.post(f"{four}/publish", seen="1").status_code == 303
    form = f"/collecting/{int(four.rsplit('/', 1)[1])}/house/1"
    at = fields(worker.get(form).text)
    many = worker.post(form, seen=at["seen"], client_id=at["client_id"], **{
        at[f"at{n}"]: [(picture(), "a.jpg") for _ in range(3)] for n in range(4)})  # fmt: skip
    assert many.status_code == 422
    assert "At most 10 photos are sent together" in many.text


def test_a_task_whose_day_has_passed_says_so_where_houses_are_left(
    people: dict[str, Keeper], made: dict[str, Any], engine: Engine
):
    number = made_task(people, made["day"])
    office, late = people["office"], ">late<"
    assert late not in office.get(f"{PAGE}/{number}").text
    with transaction(engine) as session:
        session.execute(text("UPDATE collection_task SET due_on = due_on - 20"))
        assert keep_days(session, township(session).id, made["day"]) == (1, 0)
    page = office.get(f"{PAGE}/{number}").text
    (row,) = re.findall(rf'<tr data-row="{GRID}">.*?</tr>', page, re.S)
    assert late in row
    assert "测试网格长" in row
    communities = page.split('data-table="communities"')[1].split("</table>")[0]
    # The community, all together; and beside the title.
    assert communities.count(late) == 2
    assert late in page.split("</h1>")[0]
    assert late in people["worker"].get(f"/collecting/{number}").text
    book = openpyxl.load_workbook(io.BytesIO(office.get(f"{PAGE}/{number}?as=xlsx").data)).active
    assert "测试网格长" in [cell.value for cell in book[2]]
    with transaction(engine) as session:
        session.execute(text("DELETE FROM collection_house WHERE house_id NOT IN (1)"))
        session.execute(text("UPDATE collection_task SET fields = '{}'"))
        session.execute(text("UPDATE collection_question SET required = false"))
    assert late not in office.get(f"{PAGE}/{number}").text
    assert late not in people["worker"].get(f"/collecting/{number}").text


def test_the_phone_queue_takes_it_once_and_after_the_end_if_written_before(
    people: dict[str, Keeper], made: dict[str, Any], engine: Engine
):
    number = made_task(people, made["day"])
    worker, form = people["worker"], f"/collecting/{number}/house/1"
    page = worker.get(form).text
    assert 'data-queue-house="1"' in page
    at = fields(page)

    def send(key: str, age_s: int, value: str) -> Any:
        head = {
            "Idempotency-Key": key,
            "X-Phone-Account": str(made["worker"]),
            "X-Phone-Age": str(age_s),
            "X-Phone-House": "1",
        }
        data = {at["at0"]: value, "client_id": key, "csrf_token": worker.token, "seen": at["seen"]}
        return worker.client.post(form, data=data, headers=head)

    key = str(uuid4())
    for _ in range(3):
        assert send(key, 60, "4").json["state"] == "taken"
    assert worker.scalar("SELECT count(*) FROM collection_answer") == 1
    assert people["office"].post(f"{PAGE}/{number}/end", seen="2").status_code == 303
    # The list says how complete it ended.
    assert re.search(r"\d+ of \d+ houses done", people["office"].get(PAGE).text)
    late = send(str(uuid4()), 0, "5")
    assert late.json["state"] == "refused"
    assert "This task is over" in late.json["reason"]
    assert send(str(uuid4()), 3600, "5").json["state"] == "taken"
    assert "nothing more is taken" in worker.get(form).text
    assert "用水普查" not in worker.get("/collecting").text


def test_completeness_by_grid_house_and_who_is_to_go(
    people: dict[str, Keeper], made: dict[str, Any]
):
    office = people["office"]
    for purpose in ("verify", "care", "event", "emergency"):
        page = office.get(f"/completeness?purpose={purpose}")
        assert page.status_code == 200
        rows = re.findall(r'<tr data-grid="[^"]*">.*?</tr>', page.text, re.S)
        (every,) = re.findall(r'<tr data-row="all">.*?</tr>', page.text, re.S)
        for head in ("Houses", "Filled", "Required", "Without a register"):
            cell = rf'data-head="{head}">(\d+)<'
            assert sum(int(re.search(cell, row)[1]) for row in rows) == int(
                re.search(cell, every)[1]
            )  # type: ignore[index]
    assert office.get("/completeness?purpose=nosuch").status_code == 404
    house = office.get(f"/completeness/grid/{GRID}?purpose=event").text
    assert 'data-house="H3"' in house
    assert "no register yet" in house
    lacking = office.get("/completeness/without").text
    assert "虚构镇虚构3路3号" in lacking
    assert "测试网格长" in lacking
    assert people["worker"].get("/completeness/without").text.count("data-house=") == 1
    assert "Every house has a register" in people["stranger"].get("/completeness/without").text
    assert people["auditor"].get("/completeness").status_code == 403


def test_a_task_leaves_as_an_xlsform_and_a_form_comes_in(
    people: dict[str, Keeper], made: dict[str, Any]
):
    number = made_task(people, made["day"])
    office = people["office"]
    form = office.get(f"{PAGE}/{number}/form.xlsx")
    assert form.headers["Content-Disposition"].startswith("attachment")
    survey = [row[:3] for row in openpyxl.load_workbook(io.BytesIO(form.data))["survey"].values]
    assert survey[1:] == [
        ("text", "gisgrid_house", "House code"),
        ("note", "gisgrid_fields", "Kept in the register itself: Telephone"),
        ("integer", "q1", "家中几口人"), ("select_one q2", "q2", "水管材料"), ("image", "q3", "水表照片"),
    ]  # fmt: skip
    assert people["worker"].get(f"{PAGE}/{number}/form.xlsx").status_code == 403
    answer = office.post(
        PAGE, title="复查", purpose="care", due_on=str(made["day"]), grids=[GRID], fields=[]
    )
    draft = int(answer.headers["Location"].rsplit("/", 1)[1])
    sent = office.post(f"{PAGE}/{draft}/form", form=(io.BytesIO(form.data), "form.xlsx"))
    assert sent.status_code == 303
    page = office.get(f"{PAGE}/{draft}").text
    assert page.count("data-question=") == 3
    assert "铁 / 塑料 / 不详" in page
    wrong = office.post(f"{PAGE}/{draft}/form", form=(io.BytesIO(b"x"), "form.xlsx"))
    assert wrong.status_code == 422
    assert "form.xlsx is no XLSX workbook" in wrong.text
    assert office.get(f"{PAGE}/{draft}").text.count("data-question=") == 3
    assert (
        office.post(f"{PAGE}/{number}/form", form=(io.BytesIO(form.data), "f.xlsx")).status_code
        == 409
    )
