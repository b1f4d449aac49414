"""Reporting on the web: by workers and by anybody, followed by a code, rated; what is typed is kept."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import CaseActor, Details, Owner, case_by_ticket
from gisgrid.db.store import transaction
from tests.support.cases import DISPATCHER, TEAM_A, WORKER
from tests.support.desks import Desk, Staffed, jpeg, staffed
from tests.support.sketch import spot


@pytest.fixture(scope="module")
def fill() -> Callable[[Session], Staffed]:
    return staffed


@pytest.fixture
def desk(engine: Engine, made: Staffed) -> Desk:
    return Desk(engine, made)


def ticket_of(answer: Any) -> str:
    assert answer.status_code == 303, answer.text[-3000:]
    return re.search(r"/report/([A-Z0-9]{12})", answer.location)[1]


def test_the_page_offers_the_matters_of_the_day_with_pictures(desk: Desk):
    page = desk.public.get("/report").text
    assert "城乡管理" in page and "暴露垃圾" in page and f'value="{desk.matter}"' in page
    assert 'href="#i-bin"' in page
    assert 'name="contact"' in page
    assert 'name="contact"' not in desk.worker.get("/report").text
    with transaction(desk.engine) as session:
        session.execute(text("UPDATE matter_list SET validity = '[2020-01-01,2021-01-01)'"))
    assert "今天没有生效的事项清单" in desk.public.get("/report").text


def test_a_resident_reports_follows_by_the_code_and_rates(desk: Desk):
    form = desk.form(desk.public, text="<script>alert(1)</script>垃圾", contact="19912345678")
    ticket = ticket_of(desk.send(desk.public, form))
    assert ticket_of(desk.send(desk.public, form)) == ticket, "a retry is the same report"
    assert desk.count() == 1
    page = desk.public.get(f"/report/{ticket[:5]}-{ticket[5:].lower()}").text
    assert "暴露垃圾" in page and "您的上报已收到" in page and "已采集" in page
    assert "垃圾</" not in page.replace("暴露垃圾</", "") and "199" not in page
    assert 'id="rate"' not in page
    desk.walk(
        ticket,
        ("file", DISPATCHER, Details()),
        ("dispatch", DISPATCHER, Details(to=Owner(office="综合执法队"))),
        ("feed_back", WORKER, Details(note="秘密员工甲已清理")),
        ("close", CaseActor("other.shi", ("dispatcher",)), Details()),
    )
    page = desk.public.get(f"/report/{ticket}").text
    assert "已派给：综合执法队" in page and "已核查结案" in page
    assert not re.search("秘密员工|worker|shi|dispatcher", page)
    hidden = dict(re.findall(r'name="(csrf_token|client)" value="([^"]+)"', page))
    unsaid = desk.public.post(f"/report/{ticket}", data={**hidden, "do": "rate"})
    assert unsaid.status_code == 422 and "评分" in unsaid.text
    for _ in range(2):
        rated = desk.public.post(
            f"/report/{ticket}", data={**hidden, "do": "rate", "rating": "4"}
        )  # fmt: skip
        assert rated.status_code in (303, 409)
    assert "评价：4 分" in desk.public.get(f"/report/{ticket}").text
    desk.public.post(
        f"/report/{ticket}", data={**hidden, "client": "x", "do": "reopen", "reason": "又堆了，电话 139 0000 0000"}
    )  # fmt: skip
    page = desk.public.get(f"/report/{ticket}").text
    assert "已立案" in page and "又堆了，电话 ***" in page
    with transaction(desk.engine) as session:
        case = case_by_ticket(session, ticket)
        assert (case.open, case.rating) == (True, 4)
        row = session.execute(text("SELECT reporter, contact, source, grid_code FROM event")).one()
        assert tuple(row) == (None, "19912345678", "居民上报", "a")


def test_nobody_rates_their_own_work_by_the_ticket_of_their_report(desk: Desk):
    ticket = ticket_of(desk.send(desk.worker, desk.form(desk.worker)))
    mine = CaseActor("worker.a", ("grid_worker",))
    desk.walk(
        ticket,
        ("file", DISPATCHER, Details()),
        ("dispatch", DISPATCHER, Details(to=TEAM_A)),
        ("feed_back", mine, Details(note="好了")),
        ("close", DISPATCHER, Details()),
    )
    assert 'id="rate"' not in desk.worker.get(f"/report/{ticket}").text
    form = {**desk.form(desk.public), "do": "rate", "rating": "5"}
    assert desk.public.post(f"/report/{ticket}", data=form).status_code == 409


def test_a_ticket_that_is_none_tells_nothing_and_guessing_is_limited(desk: Desk):
    page = desk.public.get("/report/<b>x")
    assert page.status_code == 404 and "没有这个查询码" in page.text and "<b>x" not in page.text
    statuses = [desk.public.get(f"/report/ABCDEFGH{n:02d}").status_code for n in range(22)]
    assert statuses[:19] == [404] * 19 and statuses[-1] == 429


@pytest.mark.thorough
def test_without_an_account_only_so_many_are_taken_and_a_worker_has_no_limit(desk: Desk):
    answers = [desk.send(desk.public, desk.form(desk.public)).status_code for _ in range(12)]
    assert answers == [303] * 10 + [429] * 2
    assert {desk.send(desk.worker, desk.form(desk.worker, seen="x")).status_code for _ in range(12)} <= {303, 422}  # fmt: skip


def test_near_a_border_both_grids_are_shown_before_sending(desk: Desk):
    form = desk.form(desk.worker, spot(0.995, 0.5))
    first = desk.send(desk.worker, form)
    assert first.status_code == 422 and desk.count() == 0
    assert "网格a" in first.text and "网格b" in first.text and "两个网格都有可能" in first.text
    query = {k: form[k] for k in ("matter", "lon", "lat")}
    near = desk.worker.get("/report/near", query_string=query).text
    seen = re.search(r'name="seen" value="(\w+)"', near)[1]
    assert f'value="{seen}"' in first.text
    ticket_of(desk.send(desk.worker, {**form, "seen": seen}))


def test_a_resident_reports_beside_a_thing_of_another_grid_and_its_team_gets_it(desk: Desk):
    lon, lat = spot(0.5, 0.5)
    with transaction(desk.engine) as session:
        session.execute(
            text(
                "INSERT INTO asset (township_id, code, name, grid_code, reason, geom, reach_m, during)"
                " SELECT area_id, 'LAMP', '路灯', 'b', '统管', ST_Point(:lon, :lat, 4326), 20, '(,)' "
                "FROM township"
            ),
            {"lon": lon, "lat": lat},
        )
    # Named before sending, to anybody and to whoever has no script.
    grids = re.findall(
        r"<strong>(.*?)</strong>", desk.public.get(f"/report/near?lon={lon}&lat={lat}").text
    )
    assert grids == ["网格b", "网格a"]
    away = desk.public.get(f"/report/near?lon={lon}&lat={lat + 0.0003}").text
    assert re.findall(r"<strong>(.*?)</strong>", away) == ["网格a"]
    form = desk.form(desk.public)
    first = desk.send(desk.public, form)
    assert first.status_code == 422 and "路灯" in first.text and desk.count() == 0
    seen = re.search(r'name="seen" value="(\w+)"', first.text)[1]
    ticket_of(desk.send(desk.public, {**form, "seen": seen}))
    with transaction(desk.engine) as session:
        rows = session.execute(
            text(
                "SELECT e.grid_code, g.code FROM event e JOIN event_grid a ON a.event_id = e.id "
                "JOIN grid g ON g.id = a.grid_id"
            )
        ).all()
    assert rows == [("b", "b")]


def test_the_same_thing_is_found_and_added_to(desk: Desk):
    photo = jpeg()
    ticket_of(desk.send(desk.worker, desk.form(desk.worker, text="一堆垃圾", photo=photo)))
    form = desk.form(desk.worker, text="垃圾一堆")
    again = desk.send(desk.worker, form)
    assert again.status_code == 422 and "一堆垃圾" in again.text and "相距 0 米" in again.text
    event = re.search(r'name="add" value="(\d+)"', again.text)[1]
    thumb = re.search(r'src="(/report/photos/\d+)"', again.text)[1]
    assert desk.worker.get(thumb).data[:3] == b"\xff\xd8\xff"
    assert desk.public.get(thumb).status_code == 401
    assert desk.neighbour.get(thumb).status_code == 404
    other = jpeg((41, 30))
    for _ in range(2):
        added = desk.send(desk.worker, {**form, "add": event})
        assert added.status_code == 303
    desk.send(desk.worker, {**desk.form(desk.worker, photo=other), "add": event})
    assert (desk.count(), desk.count("photo"), desk.count("case_step")) == (1, 2, 3)
    # Whoever has no account is shown nobody's report, and can add to none.
    form = desk.form(desk.public)
    assert "一堆垃圾" not in desk.public.get("/report/near", query_string=form).text
    assert desk.send(desk.public, {**form, "add": event}).status_code == 404
    ticket_of(desk.send(desk.public, form))


BAD: list[tuple[Any, str]] = [
    ({"matter": ""}, "请选择是什么事"),
    ({"matter": "999"}, "没有小项"),
    ({"lon": "", "lat": ""}, "请说明地点"),
    ({"lon": "abc"}, "不是以度为单位的数"),
    ({"lon": "40.7", "lat": "120.9"}, "填反了"),
    ({"lon": "100.5", "lat": "20.5"}, "不在"),
    ({"photo": b"PK\x03\x04" + b"x" * 100}, "照片无法读取"),
    ({"photo": b"\xff\xd8\xff" + b"0" * 50_000_000}, "超过 20 MB"),
    ({"kept": "!!"}, "照片已丢失"),
    ({"text": "字" * 4001}, "超过上限"),
]


def test_bad_input_is_told_and_what_was_typed_is_kept(desk: Desk):
    for more, words in BAD:
        answer = desk.send(desk.worker, desk.form(desk.worker, **{"text": "话'\"<b>", **more}))
        assert answer.status_code == 422, words
        assert words in answer.text
        if "text" not in more:
            assert "话&#39;&#34;&lt;b&gt;</textarea>" in answer.text
        assert f'value="{desk.matter}" checked' in answer.text or "matter" in more
        assert "<b>" not in answer.text
    assert desk.count() == 0


def test_an_expired_temporary_matter_is_refused(desk: Desk):
    with transaction(desk.engine) as session:
        session.execute(
            text(
                "UPDATE matter SET consent = '某函', during = '[2022-01-01,2022-02-01)' "
                "WHERE code = :c"
            ),
            {"c": desk.matter},
        )
    answer = desk.send(desk.public, desk.form(desk.public))
    assert answer.status_code == 422 and "没有小项" in answer.text


def test_the_place_of_a_photo_is_asked_about_and_its_pixels_alone_are_kept(desk: Desk):
    lon, lat = spot(0.5, 0.5)
    photo = jpeg(gps=(lon, lat))
    first = desk.send(desk.public, desk.form(desk.public, lon="", lat="", photo=photo))
    assert first.status_code == 422 and "位置取自照片" in first.text and "网格a" in first.text
    kept = re.search(r'name="kept" value="([^"]+)"', first.text)[1]
    assert not Image.open(io.BytesIO(base64.b64decode(kept))).getexif()
    x, y = (re.search(rf'name="{n}" value="([^"]+)"', first.text)[1] for n in ("lon", "lat"))
    assert (float(x), float(y)) == pytest.approx((lon, lat), abs=1e-6)
    seen = re.search(r'name="seen" value="(\w+)"', first.text)[1]
    form = desk.form(desk.public, lon=x, lat=y, kept=kept, seen=seen)
    ticket_of(desk.send(desk.public, form))
    assert desk.count("photo") == 1


def test_an_address_that_is_not_known_may_be_sent_all_the_same(desk: Desk):
    form = desk.form(desk.public, lon="", lat="", address="老槐树底下")
    first = desk.send(desk.public, form)
    assert first.status_code == 422 and "仍然发送" in first.text
    seen = re.search(r'name="seen" value="(\w+)"', first.text)[1]
    ticket_of(desk.send(desk.public, {**form, "seen": seen}))
    with transaction(desk.engine) as session:
        row = session.execute(text("SELECT location_status, address FROM event")).one()
    assert tuple(row) == ("unlocated", "老槐树底下")


def test_a_form_without_the_word_of_its_page_is_refused(desk: Desk):
    form = {**desk.form(desk.public), "csrf_token": "x"}
    assert desk.send(desk.public, form).status_code == 400
    assert desk.count() == 0
