"""A case's page: each sees the steps they may take, and what was done meanwhile is told."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases import duplicates
from gisgrid.cases.assignment import acceptance
from gisgrid.cases.cases import CaseActor, Details, Owner, case_log, case_now, take_step
from gisgrid.cases.refusals import Incomplete
from gisgrid.cases.tickets import in_groups
from gisgrid.db.store import transaction
from tests.support.accounts import acting
from tests.support.case_page import Office, photo
from tests.support.case_town import PUBLIC, Peopled, peopled
from tests.support.cases import TEAM_A, at
from tests.support.sketch import spot
from tests.support.waiting import eventually
from tests.support.web import app_over


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Peopled]:
    return peopled


@pytest.fixture
def office(engine: Engine, made: Peopled) -> Office:
    return Office(engine, made)


def test_each_is_offered_the_steps_they_may_take_and_only_those(office: Office):
    case = office.town.report("worker", CaseActor("worker.a", ("grid_worker",)))
    assert office.desk("dispatcher", case.id).steps() == [
        "file", "reject", "escalate", "merge", "withdraw", "note", "correct",
    ]  # fmt: skip
    assert office.desk("worker", case.id).steps() == ["escalate", "note"]
    # The worker of the next grid sees no such case, the auditor none at all.
    assert office.desk("other", case.id).client.get(f"/cases/{case.id}").status_code == 404
    assert office.desk("auditor", case.id).client.get(f"/cases/{case.id}").status_code == 403


def test_a_case_is_given_back_in_one_tap_and_stands_first_of_those_to_be_sent(office: Office):
    cases = [office.town.report(None, PUBLIC) for _ in range(2)]
    shi, worker = (office.desk(who, cases[1].id) for who in ("dispatcher", "worker"))
    for case in cases:
        office.desk("dispatcher", case.id).post("steps", step="file")
    shi.post("steps", step="dispatch", to="grid:a")
    page = worker.page()
    short = re.findall(r'name="short" value="([^"]+)"', page)
    assert short == [
        "Not in my grid",
        "Not a matter of ours",
        "Nothing is there",
        "I am not on duty",
    ]
    # What was tapped goes before what is half typed, and is read in the reader's language.
    back = worker.post("steps", page, step="return", short=short[0], reason="不")
    assert back.status_code == 303
    assert ": 不在本网格</p>" in shi.page("lang=zh")
    with transaction(office.engine) as session:
        assert case_now(session, cases[1].id).owner.nobody
    board = shi.client.get("/api/v1/cases?lang=en&state=file").json["rows"]
    assert [(row["case_id"], row["returned"]) for row in board] == [
        (cases[1].id, "Not in my grid"), (cases[0].id, None),
    ]  # fmt: skip
    # A note changes nothing of that; once it is sent, it is no longer what came back.
    shi.post("steps", step="note", note="电话核实")
    rows = shi.client.get("/api/v1/cases?lang=en&state=file").json["rows"]
    assert rows[0]["returned"] == "Not in my grid"
    shi.post("steps", step="dispatch", to="grid:a")
    assert {row["returned"] for row in shi.client.get("/api/v1/cases").json["rows"]} == {None}
    refused = worker.post("steps", step="return")
    assert refused.status_code == 422 and "needs a reason" in refused.text


def test_a_matter_is_corrected_on_the_page_and_everybody_concerned_sees_it(office: Office):
    with transaction(office.engine) as session:
        minor = session.execute(
            text("SELECT id, list_id, parent_id FROM matter WHERE code = :c"),
            {"c": office.town.matter},
        ).one()
        session.execute(text(
            "INSERT INTO matter (list_id, parent_id, code, name, office, time_limit, limit_unit) VALUES "
            "(:list, :parent, '0999', '路灯损坏', '路灯所', 2, 'working_days')"
        ), {"list": minor.list_id, "parent": minor.parent_id})  # fmt: skip
    case = office.town.report(None, PUBLIC)
    shi, worker = office.desk("dispatcher", case.id), office.desk("worker", case.id)
    assert "correct" in shi.steps() and "correct" not in worker.steps()
    shi.post("steps", step="file")
    shi.post("steps", step="dispatch", to="grid:a")
    for matter, said in (
        ("nothing", "has no minor item"),
        (office.town.matter, "already"),
        ("", "Say which matter it is."),
    ):
        refused = shi.post("steps", step="correct", matter=matter, reason="看错")
        assert refused.status_code == 422 and said in refused.text
    assert "needs a reason" in shi.post("steps", step="correct", matter="0999").text
    # Without an answer it is sent once more: it was done, once. Nobody is on duty for the new matter.
    asked = {"step": "correct", "matter": "0999", "reason": "灯杆 13900000000", "to": "again", "client_id": "c-1"}  # fmt: skip
    page = shi.page()
    assert 'name="to"><option value="again"' in page
    for _ in range(2):
        assert shi.post("steps", page, **asked).status_code == 303
    assert office.log(case.id) == ["collect", "file", "dispatch", "correct"]
    assert "Nobody was found for the new matter: nobody has the case now." in shi.page()
    # By number of the step seen, somebody else has been here.
    assert shi.post("steps", page, **asked | {"client_id": "c-2"}).status_code == 409
    page = worker.page()
    assert "<h1>路灯损坏</h1>" in page and "First reported as" in page
    with transaction(office.engine) as session:
        line = case_log(session, case.id)[-1]
        assert (line.means, line.data["from"]["code"], line.data["to"]["code"]) == (
            "recategorise", office.town.matter, "0999",
        )  # fmt: skip
        assert case_now(session, case.id).owner.nobody
        # 15 August 2023 is a Tuesday: two working days after 9:00.
        due = session.scalar(
            text("SELECT max(due_at) FROM case_clock WHERE case_id = :c AND name = 'total'"),
            {"c": case.id},
        )
        assert due == at("2023-08-17 09:00")
        ticket = case_now(session, case.id).ticket
    told = app_over(office.engine).test_client().get(f"/report/{ticket}?lang=en").text
    assert (
        "It is handled as 路灯损坏 from here. Reason: 灯杆 ***" in told
        and "2023-08-17 09:00" in told
    )
    # The work is said to be done: it is sent to nobody else.
    shi.post("steps", step="transfer", reason="路灯", to="grid:a")
    worker.post("steps", step="feed_back", note="已更换")
    assert 'value="again"' not in shi.page()
    shi.post("steps", step="correct", matter=office.town.matter, reason="看错", to="again")
    with transaction(office.engine) as session:
        assert case_now(session, case.id).grid_code == "a"
    shi.post("steps", step="correct", matter="0999", reason="灯杆")
    figures = shi.client.get("/figures?lang=en&by=matter&since=2023-08-01&until=2023-08-31").text
    assert "路灯损坏" in figures and "whose matter was corrected counts for" in figures


def test_what_may_be_the_same_is_shown_side_by_side_and_merged_by_one_click(  # noqa: PLR0915
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    town, public = office.town, app_over(office.engine).test_client()
    # Nine that have ended already, nearer than what is open.
    ended = [town.report_at(spot(0.5, 0.5004)) for _ in range(9)]
    for each in ended:
        town.step("dispatcher", each.id, "reject", "dispatcher", "dispatcher.shi", reason="不属实")
    first, second = town.report(None, PUBLIC), town.report_at(spot(0.5, 0.5004))
    far = town.report_at(spot(1.5, 0.5))
    shi = office.desk("dispatcher", second.id)
    words_of, asked = duplicates.words_of, list[list[int]]()
    monkeypatch.setattr(
        duplicates, "words_of", lambda session, ids: asked.append(ids) or words_of(session, ids)
    )
    page = shi.page()
    # Nothing is opened for a look, and for a purpose only what is shown.
    assert asked == []
    assert re.findall(r'data-alike="(\d+)"', page) == [str(first.id)]
    assert "same matter" in page and "0 m away" in page and "0.0 h apart" in page
    assert f'data-alike="{far.id}"' not in page and "Words are closed" in page
    # Nobody who may not merge is asked.
    assert "data-alike" not in office.desk("worker", second.id).page()
    opened = shi.post("open", purpose="event").text
    assert asked == [[first.event_id]]
    assert "words 100 % alike" in opened and opened.count("垃圾") >= 2
    assert shi.post("steps", page, step="merge", into=f"case:{first.id}").status_code == 303
    assert f'name="into" value="case:{first.id}"' in page
    survivor = office.desk("dispatcher", first.id)
    page = survivor.page()
    joined = re.search(r'id="joined".*?</p>', page, re.DOTALL)
    assert joined and f'/cases/{second.id}"' in joined[0]
    lon, lat = spot(0.5, 0.5004)
    assert f'"reports": [[{lon}, {lat}, "' in page
    # Into each other, or into one that has ended: refused, and the other stays as it is.
    into = survivor.post("steps", step="merge", into=str(second.id))
    assert into.status_code == 409 and f"was merged into case {first.id}" in into.text
    third = town.report(None, PUBLIC)
    survivor.post("steps", step="reject", reason="不属管理范围")
    late = office.desk("dispatcher", third.id).post("steps", step="merge", into=first.ticket)
    assert late.status_code == 409 and "is closed: only an open case can be joined" in late.text
    # Whoever reported the second follows the first, under their own code.
    told = public.get(f"/report/{second.ticket}?lang=en").text
    assert f"{in_groups(second.ticket)}" in told and in_groups(first.ticket) not in told
    assert "handled together with another report" in told and "Reason: 不属管理范围" in told
    assert 'value="reopen"' in told and 'value="withdraw"' not in told
    token = re.search(r'csrf_token" value="([^"]+)"', told)
    assert token
    answer = {"csrf_token": token[1], "do": "reopen", "reason": "还在", "client": "x" * 20}
    assert public.post(f"/report/{second.ticket}", data=answer).status_code == 303
    with transaction(office.engine) as session:
        again = case_now(session, first.id)
        assert again.state == "filed" and case_log(session, first.id)[-1].data == {
            "joined": second.id
        }
    # What one of them writes is not told to the other.
    assert "还在" in public.get(f"/report/{second.ticket}?lang=en").text
    other = public.get(f"/report/{first.ticket}?lang=en").text
    assert "还在" not in other and "It is taken up again." in other
    # It was not the same after all.
    assert shi.post("steps", step="separate", reason="另一处").status_code == 303
    with transaction(office.engine) as session:
        apart = case_now(session, second.id)
        assert (apart.state, apart.merged_into_id) == ("filed", None)
    told = public.get(f"/report/{second.ticket}?lang=en").text
    assert "It was not the same as the other report" in told and "另一处" not in told
    assert 'id="joined"' not in survivor.page()


def test_who_reported_follows_from_merge_to_merge_and_ends_no_case_of_others(office: Office):
    town, public = office.town, app_over(office.engine).test_client()
    worker_s = town.report("worker", CaseActor("worker.a", ("grid_worker",)))
    first, second, third = (town.report(None, PUBLIC) for _ in range(3))

    def step(case: Any, name: str, **details: Any) -> None:
        town.step("dispatcher", case.id, name, "dispatcher", "dispatcher.shi", **details)

    def told(case: Any) -> str:
        return public.get(f"/report/{case.ticket}?lang=en").text

    assert 'value="withdraw"' in told(second)
    step(first, "merge", into_id=second.id)
    # Another's report hangs on it now: taking it back would end that one, too.
    page = told(second)
    assert 'value="withdraw"' not in page and 'value="note"' in page
    token = re.search(r'csrf_token" value="([^"]+)"', page)
    assert token
    answer = {"csrf_token": token[1], "do": "withdraw", "reason": "好了", "client": "y" * 20}
    assert public.post(f"/report/{second.ticket}?lang=en", data=answer).status_code == 409
    step(second, "file")
    step(second, "dispatch", to=Owner(office="路灯所", level="township"))
    listed = public.get(f"/open311/v2/requests/{first.ticket}.json").json
    assert [one["agency_responsible"] for one in listed] == ["路灯所"]
    step(third, "file")
    step(second, "merge", into_id=third.id)
    step(worker_s, "merge", into_id=third.id)
    step(third, "dispatch", to=TEAM_A)
    said = re.findall(r"<time>.*?</time> <span>(.*?)</span>", told(first))[::-1]
    merged, sent = (
        "It is handled together with another report of the same thing.",
        "It was sent to those who deal with it.",
    )
    assert said == [
        "Your report came in.", merged, "It was accepted.", "It was sent to: 路灯所.", merged, sent,
    ]  # fmt: skip
    listed = public.get(f"/open311/v2/requests/{first.ticket}.json").json
    assert [one["agency_responsible"] for one in listed] == [None]
    town.step("worker", third.id, "feed_back", "grid_worker", "worker.a", note="已清理")
    step(third, "close")
    # Whoever reported one of them and did the work does not rate it; the others do.
    assert ['value="rate"' in told(case) for case in (first, third, worker_s)] == [
        True, True, False,
    ]  # fmt: skip


def test_two_who_merge_a_pair_in_opposite_directions_leave_one_case_open(office: Office):
    first, second = office.town.report(None, PUBLIC), office.town.report(None, PUBLIC)
    said: list[str] = []

    def back() -> None:
        try:
            office.town.step(
                "second", second.id, "merge", "dispatcher", "dispatcher.ni", into_id=first.id
            )
        except Incomplete as refused:
            said.append(refused.message)

    def waits() -> bool:
        # Each look is a transaction of its own: one sees what it has seen.
        with transaction(office.engine) as session:
            return session.scalar(text(_WAITING)) == 1

    with acting(office.town.web, office.town.people["dispatcher"]) as session:
        by = CaseActor("dispatcher.shi", ("dispatcher",))
        take_step(session, first.id, "merge", by, details=Details(into_id=second.id))
        other = threading.Thread(target=back)
        other.start()
        assert eventually(waits)
    other.join(timeout=20)
    assert said == ["The step “merge” needs the open case that it joins."]
    with transaction(office.engine) as session:
        assert [case_now(session, case.id).open for case in (first, second)] == [False, True]


_WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


def test_a_place_that_comes_again_says_how_often_and_since_when(office: Office):
    town = office.town
    cases = [town.report(None, PUBLIC) for _ in range(3)]
    with transaction(office.engine) as session:
        for case, day in zip(cases, ("2023-06-01", "2023-07-20", "2022-01-01"), strict=True):
            session.execute(
                text("UPDATE event SET reported_at = :at WHERE id = :e"), {"at": at(f"{day} 09:00"), "e": case.event_id}
            )  # fmt: skip
    last = town.report(None, PUBLIC)
    page = office.desk("dispatcher", last.id).page()
    assert "Reported 3 times here since 2023-06-01" in page
    assert 'id="before"' not in office.desk("dispatcher", cases[2].id).page()


def test_a_limit_that_no_calendar_reaches_says_so(office: Office):
    told = "No working calendar reaches so far"
    known = office.town.report(None, PUBLIC)
    assert told not in office.desk("dispatcher", known.id).page()
    with transaction(office.engine) as session:
        session.execute(text("DELETE FROM calendar_year"))
    late = office.town.report(None, PUBLIC)
    assert told in office.desk("dispatcher", late.id).page()


def test_a_case_is_handled_at_its_page_until_another_closes_it(office: Office):
    case = office.town.report(None, PUBLIC)
    shi, worker = office.desk("dispatcher", case.id), office.desk("worker", case.id)
    assert shi.post("steps", step="file").status_code == 303
    # What a step requires must be there: refused, nothing changed, and what was typed stays.
    refused = shi.post("steps", step="dispatch", reason="急")
    assert refused.status_code == 422
    assert "Nothing was changed" in refused.text
    assert shi.post("steps", step="dispatch", to="grid:nowhere").status_code == 422
    assert shi.post("steps", step="dispatch", to="grid:a").status_code == 303
    assert worker.post("steps", step="return", reason="不属本网格", to="grid:b").status_code == 303
    assert "不属本网格" in shi.page()
    shi.post("steps", step="dispatch", to="grid:a")
    worker.post("steps", step="accept")
    # Of too many photos none is left out in silence.
    six = worker.post("steps", step="feed_back", note="已清理", photos=[photo() for _ in range(6)])
    assert six.status_code == 422 and "At most 5 photos are taken." in six.text
    done = worker.post("steps", step="feed_back", note="已清理", shows="after", photos=photo())
    assert done.status_code == 303
    # Whoever handled it is not offered to close it, and may not.
    assert "close" not in worker.steps()
    assert worker.post("steps", step="close").status_code == 403
    assert shi.post("steps", step="close").status_code == 303
    assert office.log(case.id)[-3:] == ["accept", "feed_back", "close"]
    shown = re.search(rf"/cases/{case.id}/photos/(\d+).jpg", shi.page())
    assert shown
    picture = shi.client.get(shown[0])
    assert picture.content_type == "image/jpeg"
    assert Image.open(io.BytesIO(picture.data)).size == (40, 30)
    assert shi.client.get(f"/cases/{case.id}/photos/9999.jpg").status_code == 404


def test_the_second_of_two_dispatchers_is_told_who_did_what(office: Office):
    case = office.town.report(None, PUBLIC)
    shi, ni = office.desk("dispatcher", case.id), office.desk("second", case.id)
    before = ni.page()
    shi.post("steps", step="file")
    late = ni.post("steps", before, step="reject", reason="重复上报")
    assert late.status_code == 409
    told = late.text.split('id="refused"')[1].split("</section>")[0]
    assert "dispatcher.shi" in told and "File" in told
    assert "重复上报" in late.text
    assert office.log(case.id) == ["collect", "file"]
    # A click sent twice is one step.
    page = ni.page()
    for _ in range(2):
        assert (
            ni.post("steps", page, step="note", note="电话核实", client_id="k1").status_code == 303
        )
    assert office.log(case.id) == ["collect", "file", "note"]


@pytest.mark.thorough
def test_a_moved_pin_keeps_its_history_and_offers_a_new_dispatch(office: Office):
    case = office.town.report(None, PUBLIC)
    shi = office.desk("dispatcher", case.id)
    shi.post("steps", step="file")
    shi.post("steps", step="dispatch", to="grid:a")
    lon, lat = spot(1.5, 0.5)
    moved = shi.post("move", lon=str(lon), lat=str(lat), reason="实际在路东")
    assert moved.status_code == 303
    page = shi.page()
    assert "send it anew" in page and "transfer" in shi.steps()
    assert shi.post("move", lon="x", lat="1").status_code == 422
    assert shi.post("move", page.replace('name="seq" value="4"', 'name="seq" value="3"'),
                    lon=str(lon), lat=str(lat)).status_code == 409  # fmt: skip
    with transaction(office.engine) as session:
        (line,) = (one for one in case_log(session, case.id) if one.step == "move")
        assert (line.data["from_grid"], line.data["to_grid"]) == ("a", "b")
        assert case_now(session, case.id).grid_code == "a"


def test_a_suggestion_is_taken_with_one_click_and_counted(office: Office):
    case = office.town.report(None, PUBLIC)
    with transaction(office.engine) as session:
        session.execute(text(_TEAM), {"t": office.town.place.id})
    shi = office.desk("dispatcher", case.id)
    shi.post("steps", step="file")
    page = shi.page()
    best = re.search(r'class="suggested">.*?name="to" value="([^"]+)"', page, re.DOTALL)
    assert best and best[1].startswith("staff:") and best[1].endswith(":a")
    assert "测试队员" in page, "a colleague has a name"
    assert shi.post("steps", page, step="dispatch", to=best[1]).status_code == 303
    with transaction(office.engine) as session:
        share = acceptance(session, office.town.place.id, at("2020-01-01 00:00").date(),
                           at("2100-01-01 00:00").date())  # fmt: skip
    assert (share.made, share.decided, share.accepted) == (1, 1, 1)


@pytest.mark.thorough
def test_words_of_a_report_are_hidden_until_opened_on_the_record(office: Office):
    case = office.town.report(None, PUBLIC, contact="测联系19900000000", address="虚构路9号")
    shi = office.desk("dispatcher", case.id)
    hidden = ("垃圾", "测联系", "虚构路9号")
    assert not any(word in shi.page() for word in hidden)
    for undeclared in ({}, {"purpose": ""}, {"purpose": "curiosity"}):
        refused = shi.post("open", **undeclared)
        assert refused.status_code == 403
        assert "purpose" in refused.text and not any(word in refused.text for word in hidden)
    opened = shi.post("open", purpose="emergency")
    assert all(word in opened.text for word in hidden)
    assert "with the purpose: an emergency" in opened.text
    with transaction(office.engine) as session:
        rows = session.execute(text("SELECT account_name, subject, purpose FROM audit_entry")).all()
    assert [tuple(r) for r in rows if r.subject == "event"] == [
        ("dispatcher.shi", "event", "emergency")
    ]


_TEAM = """
WITH s AS (INSERT INTO staff (township_id, code, name) VALUES (:t, 'W7', '测试队员') RETURNING id)
INSERT INTO team_member (township_id, staff_id, grid_code, role, during)
SELECT :t, id, 'a', 'worker', '[2020-01-01,)' FROM s
"""
