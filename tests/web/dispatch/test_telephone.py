"""The dispatcher's form: a caller's report becomes a filed case, and nothing of what was typed is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.db.store import transaction
from tests.support.desks import Centre, Staffed, staffed
from tests.support.sketch import spot


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Staffed]:
    return staffed


@pytest.fixture
def centre(engine: Engine, made: Staffed) -> Centre:
    return Centre(engine, made)


def test_a_caller_s_report_is_taken_in_and_filed_at_once(centre: Centre):
    page = centre.dispatcher.get("/dispatch/new").text
    assert "电话登记" in page and f'value="{centre.matter}"' in page and "12345热线" in page
    answer = centre.call(centre.dispatcher, file="1")
    assert answer.status_code == 303 and re.search(r"/cases/\d+$", answer.location)
    case = centre.dispatcher.get(answer.location)
    assert case.status_code == 200 and "已立案" in case.text
    assert re.search(r"请告诉来电人查询码：[2-9A-Y]{4}-[2-9A-Y]{4}-[2-9A-Y]{4}", case.text)
    with transaction(centre.engine) as session:
        row = session.execute(
            text(
                "SELECT e.source, e.contact, e.reporter, c.state, e.grid_code "
                "FROM event e JOIN event_case c ON c.event_id = e.id"
            )
        ).one()
    assert tuple(row) == ("12345热线", "测试人 19912345678", "dispatcher.shi", "filed", "a")


def test_without_filing_it_waits_and_the_same_thing_is_shown_first(centre: Centre):
    assert centre.call(centre.dispatcher).status_code == 303
    again = centre.call(centre.dispatcher)
    assert again.status_code == 422 and "没人收&lt;b&gt;" in again.text
    event = re.search(r'name="add" value="(\d+)"', again.text)[1]
    assert centre.call(centre.dispatcher, add=event).status_code == 303
    with transaction(centre.engine) as session:
        states = session.scalars(text("SELECT state FROM event_case")).all()
    assert states == ["collected"]


TO_MEND: list[tuple[Any, Any, str]] = [
    (spot(0.995, 0.5), {}, "两个网格都有可能"),
    (spot(5, 5), {}, "不在"),
    (None, {"matter": ""}, "请选择是什么事"),
    (None, {"lon": None, "lat": None}, "请说明地点"),
    (None, {"lon": None, "lat": None, "address": "老槐树"}, "仍然发送"),
]


def test_what_has_to_be_mended_is_told_and_what_was_typed_is_kept(centre: Centre):
    for at, more, words in TO_MEND:
        answer = centre.call(centre.dispatcher, at, file="1", **more)
        assert answer.status_code == 422 and words in answer.text
        for kept in ("没人收&lt;b&gt;</textarea>", "测试人 19912345678", "12345热线"):
            assert kept in answer.text
    assert centre.count() == 0


def test_who_may_not_collect_is_told(centre: Centre):
    answer = centre.call(centre.government)
    assert answer.status_code == 403 and "无权执行" in answer.text and "没人收" in answer.text
    assert centre.worker.get("/dispatch/new").status_code == 403


def calls(centre: Centre) -> list[tuple[str, list[str]]]:
    """State and levels called, case by case."""
    with transaction(centre.engine) as session:
        rows = session.execute(
            text(
                "SELECT c.state, array(SELECT n.level FROM notice n WHERE n.case_id = c.id "
                "ORDER BY n.id) FROM event_case c ORDER BY c.id"
            )
        )
        return [(state, levels) for state, levels in rows]


def test_one_report_is_an_emergency_and_the_levels_above_are_called(centre: Centre):
    called = ["community", "section", "township"]
    assert (
        centre.call(centre.dispatcher, spot(0.2, 0.2), emergency="1", file="1").status_code == 303
    )
    # What has to be mended first keeps the mark.
    again = centre.call(centre.dispatcher, spot(0.8, 0.8), emergency="1", matter="")
    assert re.search(r'name="emergency" value="1" checked', again.text)
    form = centre.form(centre.worker, spot(0.8, 0.8), emergency="1")
    assert centre.send(centre.worker, form).status_code == 303
    assert calls(centre) == [("reported", called), ("reported", called)]
    # Of somebody without an account it is not taken, nor offered.
    assert "emergency" not in centre.public.get("/report").text
    form = centre.form(centre.public, spot(1.5, 0.5), emergency="1")
    assert centre.send(centre.public, form).status_code == 303
    assert calls(centre)[2:] == [("collected", [])]


def test_the_same_thing_reported_again_as_an_emergency_becomes_one(centre: Centre):
    assert centre.call(centre.dispatcher).status_code == 303
    again = centre.call(centre.dispatcher)
    event = re.search(r'name="add" value="(\d+)"', again.text)[1]
    assert centre.call(centre.dispatcher, add=event, emergency="1").status_code == 303
    assert calls(centre) == [("reported", ["community", "section", "township"])]
