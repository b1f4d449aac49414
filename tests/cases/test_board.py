"""The board: filters against a plain count, many at once, and a stream that loses nothing."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from gisgrid.cases import shortlist
from gisgrid.cases.board import ORDERS, RowOrder, board, cursor, mine, steps_since
from gisgrid.cases.board_filters import Filters
from gisgrid.cases.cases import Owner, case_by_ticket, case_now
from gisgrid.cases.flow import keep_own_flows
from gisgrid.cases.tickets import ALPHABET, in_groups
from gisgrid.core.errors import Invalid
from gisgrid.db import listen
from gisgrid.db import tables as t
from gisgrid.db.store import transaction
from gisgrid.db.tables import Matter, Township
from tests.support.accounts import acting, appointed
from tests.support.case_town import PUBLIC, Peopled, Town, peopled
from tests.support.cases import TEAM_A, at
from tests.support.factories import create_event
from tests.support.sketch import spot
from tests.support.waiting import eventually
from tests.support.web import app_over, listened, session_cookie


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return peopled


@pytest.fixture
def town(engine: Engine, made: Peopled) -> Town:
    return Town(engine, made)


def test_filters_say_what_a_plain_look_at_the_cases_says(town: Town, engine: Engine):
    with transaction(engine) as session:
        session.execute(text("UPDATE matter SET time_limit = 4, limit_unit = 'working_hours'"))
        township = session.get_one(Township, town.place.id)
        create_event(
            session,
            township,
            spot(0.5, 0.5),
            session.scalars(select(Matter).order_by(Matter.id.desc())).first(),
        )  # without a case
    cases = [town.report(None, PUBLIC, source=["电话", "巡查"][n % 2]) for n in range(6)]
    for case in cases[:4]:
        town.step("dispatcher", case.id, "file", "dispatcher", "dispatcher.shi")
    for case in cases[:2]:
        town.step("dispatcher", case.id, "dispatch", "dispatcher", "dispatcher.shi", to=TEAM_A)
    town.step("dispatcher", cases[2].id, "reject", "dispatcher", "dispatcher.shi", reason="重复")
    now = datetime.now(UTC)
    with acting(town.web, town.people["dispatcher"], read_only=True) as session:

        def ids(**values: Any) -> list[int]:
            return sorted(
                r.case_id for r in board(session, town.place.id, Filters(**values), now).rows
            )

        number = [case.id for case in cases]
        assert ids() == [n for n in number if n != number[2]]
        assert ids(state="closed") == [number[2]]
        assert ids(state="all") == number
        assert ids(state="assign") == number[:2]
        assert ids(state="file") == [number[3]]
        assert ids(state="all", source="巡查") == number[1::2]
        assert ids(grid="a") == ids() and ids(grid="b") == [] and ids(grid="none") == []
        assert ids(state="all", ids=(number[0], number[2])) == [number[0], number[2]]
        assert (
            ids(since=at("2023-08-15 00:00").date(), until=at("2023-08-15 12:00").date()) == ids()
        )
        assert ids(until=at("2023-08-14 12:00").date()) == []
        lon, lat = spot(0.5, 0.5)
        assert ids(box=(lon - 1e-4, lat - 1e-4, lon + 1e-4, lat + 1e-4)) == ids()
        assert ids(box=(lon + 1e-3, lat, lon + 2e-3, lat + 1e-3)) == []
        assert ids(words="没有") == [] and ids(words="%") == []
        found = board(session, town.place.id, Filters(state="all"), now, square=0.001)
        assert (found.total, found.open, found.unlocated) == (6, 5, 0)
        assert sum(s.n for s in found.symbols) == 6 and found.late == sum(
            r.due_at is not None and r.due_at < now for r in found.rows
        )
        late = board(session, town.place.id, Filters(due="late"), now).total
        assert late == found.late > 0
        assert board(session, town.place.id, Filters(), now - timedelta(days=9999)).late == 0
    # The worker has what their grid has been sent; the worker of the next grid sees none of it.
    with acting(town.web, town.people["worker"], read_only=True) as session:
        assert [r.case_id for r in mine(session)] == number[:2]
    with acting(town.web, town.people["other"], read_only=True) as session:
        assert mine(session) == []
        assert board(session, town.place.id, Filters(state="all"), now).total == 0


def test_a_case_of_one_person_is_their_leader_s_too_and_of_whoever_no_case_could_be_given_to(
    town: Town, engine: Engine
):
    with transaction(engine) as session:
        staff = {}
        for code in ("S1", "S2"):
            person = t.Staff(township_id=town.place.id, code=code, name="测试")
            session.add(person)
            session.flush()
            staff[code] = person.id
        for name, role in (("leader", "grid_leader"), ("unlinked", "grid_worker")):
            town.people[name] = appointed(session, role, grid="a", name=name)
        for name, code in (("worker.a", "S1"), ("leader", "S2")):
            session.execute(
                text("UPDATE account SET staff_id = :s WHERE name = :n"),
                {"s": staff[code], "n": name},
            )
    shi = ("dispatcher", "dispatcher.shi")
    cases = {code: town.report(None, PUBLIC).id for code in staff}
    for code, number in cases.items():
        town.step("dispatcher", number, "file", *shi)
        to = Owner(grid_code="a", staff_id=staff[code], level="grid")
        town.step("dispatcher", number, "dispatch", *shi, to=to)
    seen = {}
    for who in ("worker", "leader", "unlinked", "other"):
        with acting(town.web, town.people[who], read_only=True) as session:
            seen[who] = {row.case_id for row in mine(session)}
    both = set(cases.values())
    assert seen == {"worker": {cases["S1"]}, "leader": both, "unlinked": both, "other": set()}


def test_an_emergency_waits_for_the_teams_of_its_grid_before_anybody_is_sent(
    town: Town, engine: Engine
):
    with transaction(engine) as session:
        keep_own_flows(session)
    case = town.report(None, PUBLIC, emergency=True)
    for who, waits in (("worker", [case.id]), ("other", []), ("dispatcher", [])):
        with acting(town.web, town.people[who], read_only=True) as session:
            assert [row.case_id for row in mine(session)] == waits, who


def test_a_right_in_one_of_two_townships_is_none_everywhere(town: Town, engine: Engine):
    with transaction(engine) as session:
        session.execute(text("UPDATE matter SET time_limit = 4, limit_unit = 'working_hours'"))
    case = town.report(None, PUBLIC)

    def seen(who: str) -> tuple[bool, int]:
        with acting(town.web, town.people[who], read_only=True) as session:
            everywhere = session.scalar(text("SELECT holds_everywhere('see_events')"))
            clocks = text("SELECT count(*) FROM case_clock WHERE case_id = :id")
            return bool(everywhere), session.scalar(clocks, {"id": case.id}) or 0

    everywhere, clocks = seen("dispatcher")
    assert everywhere and clocks > 0
    assert seen("other") == (False, 0)
    with transaction(engine) as session:
        session.execute(
            text(
                "WITH made AS (INSERT INTO area (level, code, name, parent_id) SELECT level, '888801001', "
                "'邻镇', parent_id FROM area WHERE id = :t RETURNING id) "
                "INSERT INTO township (area_id, metric_srid) SELECT id, 32650 FROM made"
            ),
            {"t": town.place.id},
        )
    # The dispatcher's clocks are then seen through their cases, and only these.
    assert seen("dispatcher") == (False, clocks)
    assert seen("other") == (False, 0)


def test_a_ticket_as_it_is_heard_on_the_telephone_and_a_number_find_their_case(
    town: Town, engine: Engine
):
    cases = [town.report(None, PUBLIC) for _ in range(2)]
    ticket = cases[0].ticket

    def found(words: str) -> list[int]:
        with acting(town.web, town.people["dispatcher"], read_only=True) as session:
            return [
                row.case_id
                for row in board(
                    session, town.place.id, Filters(words=words), datetime.now(UTC)
                ).rows
            ]

    heard = (
        in_groups(ticket)
        .lower()
        .replace("5", "s")
        .replace("2", "Z")
        .replace("v", "u")
        .replace("-", " ")
    )
    assert found(ticket) == found(in_groups(ticket)) == found(heard) == [cases[0].id]
    assert found(ticket[:-1]) == []
    assert cases[1].id in found(str(cases[1].id))
    with acting(town.web, None) as session:
        assert case_by_ticket(session, heard).id == cases[0].id
    assert not set("0O1ILQ8BSZU") & set(ALPHABET) and len(set(ALPHABET)) == len(ALPHABET) == 25


def test_a_board_stands_in_any_order_with_what_is_empty_last(town: Town, engine: Engine):
    with transaction(engine) as session:
        session.execute(text("UPDATE matter SET time_limit = 4, limit_unit = 'working_hours'"))
    spots = [spot(1.5, 0.5), spot(0.5, 0.5), spot(0.2, 0.5)]
    cases = [town.report_at(place).id for place in spots]
    cases.append(town.report(None, PUBLIC, source="巡查").id)
    town.step("dispatcher", cases[1], "file", "dispatcher", "dispatcher.shi")
    town.step("dispatcher", cases[1], "dispatch", "dispatcher", "dispatcher.shi", to=TEAM_A)
    town.step("dispatcher", cases[3], "merge", "dispatcher", "dispatcher.shi", into_id=cases[2])
    now = datetime.now(UTC)

    def ids(by: str, down: bool = False, **filters: Any) -> list[int]:
        with acting(town.web, town.people["dispatcher"], read_only=True) as session:
            found = board(session, town.place.id, Filters(**filters), now, order=RowOrder(by, down))
        return [row.case_id for row in found.rows]

    first, second, third, merged = cases
    assert ids("grid") == [second, third, first] and ids("grid", True) == [first, second, third]
    # Nobody has the others: they stand behind whoever somebody has, whichever way.
    assert ids("owner") == ids("owner", True) == [second, first, third]
    assert ids("state") == [first, third, second] and ids("state", True) == [second, first, third]
    assert ids("told_again", True)[0] == third
    with transaction(engine) as session:
        by_code = [case_now(session, case).event_id for case in (first, second, third)]
        codes = dict(
            session.execute(
                text("SELECT id, code FROM event WHERE id = ANY(:ids)"), {"ids": by_code}
            ).all()
        )
    in_codes = sorted(
        (first, second, third), key=lambda case: codes[by_code[(first, second, third).index(case)]]
    )
    assert ids("code") == in_codes and ids("code", True) == in_codes[::-1]
    assert ids("source", state="all")[0] == merged
    for by in ORDERS:
        assert sorted(ids(by, state="all")) == cases
    with pytest.raises(Invalid, match="in the order of"):
        ids("rating")
    # In the reader's language.
    with transaction(engine) as session:
        session.execute(text("UPDATE matter SET name_en = 'Rubbish' WHERE parent_id IS NOT NULL"))
        lamp = session.scalar(text(
            "INSERT INTO matter (list_id, parent_id, code, name, name_en) SELECT list_id, parent_id, '0998', '路灯', 'Lamp' "
            "FROM matter WHERE code = :code RETURNING id"
        ), {"code": town.matter})  # fmt: skip
        session.execute(
            text("UPDATE event SET matter_id = :m WHERE id = :e"), {"m": lamp, "e": by_code[1]}
        )
    client = app_over(engine, account=town.people["dispatcher"]).test_client()
    rows = {
        language: client.get(f"/api/v1/cases?sort=matter&lang={language}").json["rows"]
        for language in ("zh", "en")
    }
    assert rows["zh"][-1]["case_id"] == second
    assert rows["en"][0]["case_id"] == second
    # The first of all, and not of those that stood first by urgency.
    with acting(town.web, town.people["dispatcher"], read_only=True) as session:
        top = board(session, town.place.id, Filters(), now, limit=1, order=RowOrder("grid", True))
    assert [row.case_id for row in top.rows] == [first] and top.open == 3


def test_a_shortlist_lies_in_the_account_and_is_nobody_elses(
    town: Town, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    cases = [town.report(None, PUBLIC).id for _ in range(2)]
    shi = app_over(engine, account=town.people["dispatcher"]).test_client()
    other = app_over(engine, account=town.people["other"]).test_client()

    def keep(client: Any, **change: list[int]) -> Any:
        token = client.get("/dispatch").text.split('"csrf": "')[1].split('"')[0]
        answer = client.post("/dispatch/shortlist", json=change, headers={"X-CSRFToken": token})
        return answer.json["cases"] if answer.status_code == 200 else answer.status_code

    assert keep(shi, on=[*cases, cases[0], 99_999]) == cases
    assert keep(shi, off=[cases[0]]) == cases[1:]
    # The worker of the next grid sees neither the case nor who keeps an eye on it.
    assert keep(other, on=cases) == []
    assert f'"stars": [{cases[1]}]' in shi.get("/dispatch").text
    for bad in ({"on": "x"}, {"on": [0]}, {"on": [True]}, {"on": [1] * 501}):
        assert keep(shi, **bad) == 422
    # What has been closed for long leaves it; one that is full says so.
    town.step("dispatcher", cases[1], "reject", "dispatcher", "dispatcher.shi", reason="不属实")
    assert keep(shi, on=[]) == cases[1:]
    monkeypatch.setattr(shortlist, "CLOSED_DAYS", -1)
    assert keep(shi, on=[cases[0]]) == cases[:1]
    monkeypatch.setattr(shortlist, "MOST_KEPT", 0)
    assert keep(shi, on=[]) == 422


def test_a_step_of_a_transaction_that_ended_late_is_told_again(town: Town, engine: Engine):
    first, second = town.report(None, PUBLIC), town.report(None, PUBLIC)
    slow = engine.connect()
    try:
        begun = slow.begin()
        slow.execute(text(_NOTE), {"case": first.id})
        with transaction(engine) as session:
            session.execute(text(_NOTE), {"case": second.id})
        with acting(town.web, town.people["dispatcher"], read_only=True) as session:
            place = cursor(session)
            assert [n for n, _ in steps_since(session, place) or []] == [second.id]
        begun.commit()
    finally:
        slow.close()
    with acting(town.web, town.people["dispatcher"], read_only=True) as session:
        assert first.id in [n for n, _ in steps_since(session, place) or []]
        here = cursor(session)
        assert steps_since(session, here) == []
        assert steps_since(session, "nonsense") is None
        assert steps_since(session, "0-3", most=1) is None
    with acting(town.web, town.people["other"], read_only=True) as session:
        assert steps_since(session, "0-3") == []


class Ear:
    """A browser's end of a stream."""

    def __init__(self, host: str, cookie: str, place: str = "") -> None:
        self.connection = http.client.HTTPConnection(host.removeprefix("http://"), timeout=10)
        headers = {"Cookie": cookie, **({"Last-Event-ID": place} if place else {})}
        self.connection.request("GET", "/dispatch/stream", headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.getheader("Content-Type", "").startswith("text/event-stream")
        self.place = place

    def next(self) -> tuple[str, Any]:
        kind, data = "", None
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                self.place = line[4:]
            elif line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                data = json.loads(line[6:])
            elif not line and kind:
                return kind, data

    def cases(self) -> list[list[int]]:
        """The next news of cases; that listening has begun may come before."""
        while True:
            kind, told = self.next()
            if kind == "cases":
                return sorted(told)
            assert kind in ("hello", "reload")

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


def test_news_come_unasked_to_those_who_may_see_them_and_none_is_lost(
    town: Town, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    # The store tells; whoever only looked now and then would hear of it tomorrow.
    monkeypatch.setattr(listen, "PULSE_S", 86_400.0)
    app = app_over(engine)
    app.config["STREAM_LIFE_S"] = 60.0
    cookie = {who: session_cookie(app, engine, town.people[who]) for who in ("dispatcher", "other")}
    with listened(app) as host:
        shi, other = Ear(host, cookie["dispatcher"]), Ear(host, cookie["other"])
        assert shi.next()[0] == other.next()[0] == "hello"
        assert eventually(lambda: app.extensions["gisgrid"].listener.listening)
        case = town.report(None, PUBLIC)
        assert shi.cases() == [[case.id, 1]]
        assert len(app.extensions["gisgrid.streams"]) == 2, "the other's is open, and silent"
        shi.close()
        # While nobody listens two things happen; who comes back hears of both, and of nothing else.
        town.step("dispatcher", case.id, "file", "dispatcher", "dispatcher.shi")
        again = town.report(None, PUBLIC)
        back = Ear(host, cookie["dispatcher"], shi.place)
        assert back.cases() == [[case.id, 2], [again.id, 1]]
        # The worker of the next grid has heard nothing of all this: a case of theirs comes first.
        there = town.report_at(spot(1.5, 0.5))
        assert other.cases() == [[there.id, 1]] and back.cases() == [[there.id, 1]]
        other.close()
        back.close()


def test_a_public_ear_hears_nothing(town: Town, engine: Engine):
    app = app_over(engine)
    assert app.test_client().get("/dispatch/stream").status_code == 401
    assert app.test_client().get("/api/v1/cases").status_code == 401
    worker = app_over(engine, account=town.people["other"]).test_client()
    assert worker.get("/api/v1/cases").json["total"] == 0
    assert worker.get("/api/v1/cases?box=1,2,3").status_code == 422
    assert worker.get("/api/v1/cases?state=nothing").status_code == 422
    assert worker.get("/dispatch/stream").data.startswith(b"retry: 1000")


_NOTE = """
INSERT INTO case_step (case_id, seq, step, at, actor, role, note)
SELECT :case, seq + 1, 'note', now(), 'x', 'system', '备注' FROM event_case WHERE id = :case
"""
