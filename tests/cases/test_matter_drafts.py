"""The list of matters drafted, edited by two, published from a day, and supplemented by communities."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases import matter_drafts as drafts
from gisgrid.cases import matter_versions as lists
from gisgrid.cases import matters
from gisgrid.cases.community_rules import (
    add_rule,
    decide_rule,
    end_rule,
    of_book,
    of_case,
    rules_of,
)
from gisgrid.cases.matter_items import DraftItem, limit_of
from gisgrid.cases.matter_log import log_of
from gisgrid.cases.refusals import NotOnTheList
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import township as township_of
from gisgrid.db.tables import Matter, Township
from gisgrid.planning.snapshot.fetch import today
from tests.support.cases import DISPATCHER, TEAM_A, WORKER, Walk, at, new_case, place
from tests.support.factories import community_of, create_matter
from tests.support.town_f import load_kind

DAY = timedelta(days=1)


def town_with_list(session: Session) -> tuple[int, str, date]:
    """A township with one minor item in force: its number, the code of the item, its today."""
    township = place(session)
    matter = create_matter(session, township, name="暴露垃圾", time_limit=4, limit_unit="working_hours",
                           decider="community", acts="grid")  # fmt: skip
    return township.area_id, matter.code, today(township_of(session))


def place_of(session: Session, township_id: int) -> Township:
    return session.get_one(Township, township_id)


def row(session: Session, matter_id: int | None) -> Matter:
    return session.get_one(Matter, matter_id)


def test_a_draft_is_a_copy_that_no_day_knows(session: Session):
    t, code, now = town_with_list(session)
    book = matters.rule_book(session, t)
    made = lists.begin(session, t, "2027")
    assert matters.book_of(session, made) == book
    assert [v for v, _, _ in matters.versions(session, t)] == ["1"]
    assert matters.version_on(session, t, now) == "1"
    assert matters.admitted(session, t, code, at("2023-08-15 09:00")) is not None
    with pytest.raises(NotFound):
        matters.rule_book(session, t, "2027")
    assert matters.rule_book(session, t, "2027", drafts=True) == book
    with pytest.raises(Conflict, match="draft already, 2027"):
        lists.begin(session, t, "2028")
    assert lists.discard(session, t) == "2027"
    assert drafts.draft_of(session, t) is None
    for name in ("", "x" * 41):
        with pytest.raises(Invalid):
            lists.begin(session, t, name)
    with pytest.raises(Conflict, match="There is a version '1'"):
        lists.begin(session, t, "1")


def test_an_item_is_changed_added_and_withdrawn_and_the_list_tells_who(session: Session):
    t, code, _ = town_with_list(session)
    made = lists.begin(session, t, "2027")
    item = drafts.item_of(session, made, code)
    wanted = replace(
        item,
        time_limit="2 working_days",
        office="城管办",
        note="先看",
        limits={"file": "30 working_minutes"},
    )
    assert drafts.keep_item(session, t, wanted, was=code, seen=drafts.mark_of(item)) == [
        "office", "time_limit", "limits", "note",
    ]  # fmt: skip
    assert drafts.item_of(session, made, code) == wanted
    assert drafts.keep_item(session, t, wanted, was=code) == []
    new = DraftItem("N1", parent=item.parent, name="光污染", name_en="Glare", decider="township")
    drafts.keep_item(session, t, new)
    drafts.withdraw(session, t, "N1")
    lines = [(c.code, c.what, c.was, c.became) for c in log_of(session, made)]
    assert lines[0] == ("N1", "withdrawn", "光污染", None)
    assert (code, "time_limit", "4 working_hours", "2 working_days") in lines
    assert lines[-1] == (None, "begun", "1", "2027")
    assert {c.who for c in log_of(session, made)} == {session.scalar(text("SELECT my_name()"))}
    noted = session.scalars(
        text(
            "SELECT action FROM audit_entry WHERE subject IN ('matter', 'matter_list') ORDER BY id"
        )
    ).all()
    assert noted == ["draft", "change", "add", "withdraw"]


def test_the_second_of_two_who_change_an_item_is_told_and_may_save_again(session: Session):
    t, code, _ = town_with_list(session)
    made = lists.begin(session, t, "2027")
    seen = drafts.item_of(session, made, code)
    drafts.keep_item(session, t, replace(seen, office="甲办"), was=code, seen=drafts.mark_of(seen))
    mine = replace(seen, name="垃圾")
    with pytest.raises(drafts.ItemMoved, match="Somebody else has changed"):
        drafts.keep_item(session, t, mine, was=code, seen=drafts.mark_of(seen))
    with pytest.raises(drafts.ItemMoved):
        drafts.withdraw(session, t, code, seen=drafts.mark_of(seen))
    with pytest.raises(drafts.ItemMoved, match=code):
        drafts.keep_duties(session, t, {code: ("township", None, ())}, {code: drafts.mark_of(seen)})
    now = drafts.item_of(session, made, code)
    assert now.office == "甲办"
    drafts.keep_item(session, t, mine, was=code, seen=drafts.mark_of(now))
    assert drafts.item_of(session, made, code).name == "垃圾"


def test_levels_in_another_order_are_no_change(session: Session):
    t, code, _ = town_with_list(session)
    session.execute(
        text("UPDATE matter SET informs = '{township,section}' WHERE code = :c"), {"c": code}
    )
    made = lists.begin(session, t, "2027")
    item = drafts.item_of(session, made, code)
    assert item.informs == ("section", "township")
    assert (
        drafts.keep_item(session, t, replace(item, informs=("township", "section")), was=code) == []
    )
    assert (
        drafts.keep_duties(
            session, t, {code: (item.decider, item.acts, ["section", "township"])}, {}
        )
        == []
    )
    drafts.keep_item(session, t, replace(item, note="先看"), was=code)
    changed = matters.compare(matters.rule_book(session, t), matters.book_of(session, made))
    assert [c.what for c in changed] == ["note"]


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"code": ""}, Invalid, "needs a code"),
    ({"code": "a b"}, Invalid, "without spaces"),
    ({"name": " "}, Invalid, "needs a name"),
    ({"name": "长" * 121}, Invalid, "longer than 120"),
    ({"parent": "nothing"}, NotFound, "no group 'nothing'"),
    ({"parent": None}, Invalid, "is a minor item: choose the group"),
    ({"time_limit": "0 working_days"}, Invalid, "a limit of 0 leaves no time"),
    ({"time_limit": "365 working_days"}, Invalid, "longer than the 120"),
    ({"time_limit": "8760 working_hours"}, Invalid, "longer than the 960"),
    ({"time_limit": "3 clock_days"}, Invalid, "counts working time"),
    ({"limits": {"file": "0 working_minutes"}}, Invalid, "a limit of 0"),
    ({"limits": {"lunch": "1 working_hours"}}, Invalid, "no clock"),
    ({"decider": "king"}, Invalid, "none of the five levels"),
    ({"decider": "grid", "informs": ("grid",)}, Invalid, "not informed besides"),
    ({"consent": "某文"}, Invalid, "its first and its last day"),
    ({"consent": "某文", "since": date(2099, 2, 1), "until": date(2099, 1, 1)}, Invalid, "there is no day"),
    ({"consent": "某文", "since": date(2020, 2, 1), "until": date(2020, 3, 1)}, Invalid, "is over"),
    ({"consent": "某文", "since": date(2099, 2, 1), "until": date(2101, 3, 1)}, Invalid, "a year at most"),
    ({"duplicate_m": 5.0}, Invalid, "both, more than 0"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "error", "said"), WRONG)
def test_what_no_item_can_be_is_refused_in_words(
    session: Session, wrong: dict[str, Any], error: type[Exception], said: str
):
    t, code, _ = town_with_list(session)
    made = lists.begin(session, t, "2027")
    before = drafts.items_of(session, made)
    with pytest.raises(error, match=said):
        drafts.keep_item(
            session, t, replace(drafts.item_of(session, made, code), **wrong), was=code
        )
    assert drafts.items_of(session, made) == before


def test_a_code_stands_once_and_one_that_was_published_stays(session: Session):
    t, code, _ = town_with_list(session)
    made = lists.begin(session, t, "2027")
    item = drafts.item_of(session, made, code)
    with pytest.raises(Conflict, match="is on the list: 暴露垃圾"):
        drafts.keep_item(session, t, replace(item, name="另一"))
    with pytest.raises(Conflict, match="was published"):
        drafts.keep_item(session, t, replace(item, code="N9"), was=code)
    drafts.keep_item(session, t, replace(item, code="N1"))
    drafts.keep_item(session, t, replace(item, code="N2"), was="N1")
    assert {i.code for i in drafts.items_of(session, made)} >= {code, "N2"}
    with pytest.raises(Conflict, match="still has items"):
        drafts.withdraw(session, t, item.parent or "")
    for amount in ("x", "-1", "nan", "inf"):
        with pytest.raises(Invalid, match="no number of a limit"):
            limit_of(amount, "working_days")
    assert (limit_of("", "working_days"), limit_of("1.5", "working_days")) == (
        None,
        "1.5 working_days",
    )


def test_an_item_under_which_cases_are_open_goes_only_when_that_is_confirmed(session: Session):
    t, code, now = town_with_list(session)
    township = township_of(session)
    matter = session.scalar(text("SELECT id FROM matter WHERE code = :c"), {"c": code})
    walk = Walk(session, new_case(session, place_of(session, t), matter=row(session, matter)))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    other = Walk(session, new_case(session, place_of(session, t), matter=row(session, matter)))
    other("file", DISPATCHER, "2023-08-15 09:10")
    other("dispatch", DISPATCHER, "2023-08-15 09:20", to=TEAM_A)
    session.execute(
        text(
            "UPDATE event SET reported_at = now() - interval '1 day' WHERE id = (SELECT max(id) FROM event)"
        )
    )
    lists.begin(session, t, "2027")
    assert drafts.uses(session, t) == {code: drafts.MatterUse(open=2, unsent=1, year=1)}
    with pytest.raises(
        drafts.StillUsed, match=f"2 open cases stand under {code} 暴露垃圾. .*the 1 that"
    ):
        drafts.withdraw(session, t, code)
    drafts.withdraw(session, t, code, although_used=True)
    (gone,) = drafts.foresee(session, t)
    assert (gone.code, gone.what, gone.use.open, gone.use.year) == (code, "gone", 2, 1)
    parent = session.scalar(
        text("SELECT p.code FROM matter m JOIN matter p ON p.id = m.parent_id WHERE m.id = :m"),
        {"m": matter},
    )
    drafts.keep_item(session, t, DraftItem("N1", parent=parent, name="光污染"))
    lists.publish(session, t, now + DAY)
    # The one that a grid has goes on; its item is its own version's.
    assert (
        session.scalar(text("SELECT count(*) FROM event WHERE matter_id = :m"), {"m": matter}) == 2
    )
    later = f"{now + 2 * DAY} 09:00"
    with pytest.raises(NotOnTheList):
        walk("dispatch", DISPATCHER, later, to=TEAM_A)
    assert other("accept", WORKER, later).state == "handling"
    assert township.id == t


def test_a_list_is_published_from_a_day_to_come_and_the_one_before_ends(session: Session):
    t, code, now = town_with_list(session)
    made = lists.begin(session, t, "2027")
    item = drafts.item_of(session, made, code)
    drafts.keep_item(session, t, replace(item, time_limit="1 working_days"), was=code)
    (seen,) = drafts.foresee(session, t)
    assert (seen.what, seen.before, seen.after) == (
        "time_limit",
        "4 working_hours",
        "1 working_days",
    )
    assert lists.first_day(session, t) == now + DAY
    for day in (now, now - DAY):
        with pytest.raises(Invalid, match="never published backwards"):
            lists.publish(session, t, day)
    with pytest.raises(Invalid, match="two years"):
        lists.publish(session, t, date(now.year + 20, 1, 1))
    # Consented to after the draft was made, and running on its first day.
    matters.add_temporary(session, t, parent=item.parent or "", code="T1", name="排查", consent="某文",
                          since=now, until=now + 9 * DAY)  # fmt: skip
    assert [f.what for f in drafts.foresee(session, t)] == ["time_limit"]
    assert lists.publish(session, t, now + 3 * DAY) == "2027"
    assert matters.versions(session, t)[0][2] == matters.versions(session, t)[1][1] == now + 3 * DAY
    assert {e.code for e in matters.rule_book(session, t, "2027")} == {code, "T1"}
    assert matters.rule_book(session, t)[0].time_limit == "4 working_hours", "that of today"
    with pytest.raises(NotFound, match="no draft"):
        drafts.withdraw(session, t, code)
    matters.add_temporary(session, t, parent=item.parent or "", code="T2", name="抽查", consent="某文",
                          since=now, until=now + 9 * DAY)  # fmt: skip
    assert {e.code for e in matters.rule_book(session, t, "2027")} == {code, "T1", "T2"}
    lists.begin(session, t, "2028")
    for day in (now + DAY, now + 3 * DAY):
        with pytest.raises(Conflict, match=r"Version 2027 begins on .* would overlap"):
            lists.publish(session, t, day)
    with pytest.raises(Conflict, match="draft already"):
        lists.take_back(session, t, "2027")
    lists.discard(session, t)
    with pytest.raises(Conflict, match="has begun"):
        lists.take_back(session, t, "1")
    lists.take_back(session, t, "2027")
    assert [(v, until) for v, _, until in matters.versions(session, t)] == [("1", None)]
    assert drafts.the_draft(session, t).version == "2027"


def test_a_temporary_item_that_was_withdrawn_from_the_draft_does_not_come_back(session: Session):
    t, code, now = town_with_list(session)
    parent = drafts.items_of(session, session.scalar(text("SELECT id FROM matter_list")) or 0)[
        0
    ].code
    matters.add_temporary(session, t, parent=parent, code="T1", name="排查", consent="某文",
                          since=now, until=now + 9 * DAY)  # fmt: skip
    lists.begin(session, t, "2027")
    drafts.withdraw(session, t, "T1")
    lists.publish(session, t, now + DAY)
    assert [e.code for e in matters.rule_book(session, t, "2027")] == [code]


def test_a_township_without_a_list_publishes_its_first_from_today(session: Session):
    township = place(session)
    t, now = township.area_id, today(township_of(session))
    lists.begin(session, t, "1")
    with pytest.raises(Invalid, match="no minor item"):
        lists.publish(session, t, now)
    drafts.keep_item(session, t, DraftItem("01", name="市容"))
    drafts.keep_item(session, t, DraftItem("0101", parent="01", name="垃圾"))
    lists.publish(session, t, now)
    assert [e.code for e in matters.rule_book(session, t)] == ["0101"]


def test_a_communitys_rule_waits_holds_and_ends(session: Session):
    t, code, now = town_with_list(session)
    home = community_of(session, place_of(session, t))
    new = {"community": home.code, "code": code, "words": "每周五清运", "since": date(2023, 1, 1)}
    number = add_rule(session, t, **new)
    assert of_book(session, t, now) == {}
    with pytest.raises(Conflict, match="has this rule"):
        add_rule(session, t, **new)
    for wrong, error, said in (
        ({"code": "nothing"}, NotFound, "puts nothing on it"), ({"words": " "}, Invalid, "at most 1000"),
        ({"until": date(2022, 1, 1)}, Invalid, "there is no day"), ({"community": "x"}, NotFound, "no community"),
        ({"until": date(2023, 2, 1)}, Invalid, "is over"), ({"since": date(1990, 1, 1)}, NotFound, "1990-01-01"),
    ):  # fmt: skip
        with pytest.raises(error, match=said):
            add_rule(session, t, **(new | wrong))
    with pytest.raises(Invalid, match="Say why"):
        decide_rule(session, t, number, agree=False)
    decide_rule(session, t, number, agree=True)
    with pytest.raises(Conflict, match="decided or ended"):
        decide_rule(session, t, number, agree=True)
    (rule,) = of_book(session, t, now)[code]
    assert (rule.text, rule.holds, rule.matter) == ("每周五清运", True, "暴露垃圾")
    assert of_book(session, t, now, "elsewhere") == {}
    refused = add_rule(session, t, **(new | {"words": "不收"}))
    decide_rule(session, t, refused, agree=False, reason="与清单不符")
    assert [s.state for s in rules_of(session, t)] == ["agreed", "refused"]
    with pytest.raises(NotFound):
        end_rule(session, t, 10**9)
    end_rule(session, t, number)
    assert (
        of_book(session, t, now) == {} and of_book(session, t, now - DAY)[code][0].state == "ended"
    )
    with pytest.raises(Conflict):
        end_rule(session, t, number)


def test_a_case_shows_the_rules_of_its_community_on_the_day_of_its_report(session: Session):
    t, code, _ = town_with_list(session)
    matter = row(
        session, session.scalar(text("SELECT id FROM matter WHERE code = :c"), {"c": code})
    )
    home = community_of(session, place_of(session, t))
    case = new_case(session, place_of(session, t), matter=matter, community_id=home.id)
    number = add_rule(
        session, t, community=home.code, code=code, words="每周五清运", since=date(2023, 1, 1)
    )
    assert of_case(session, case.id) == []
    decide_rule(session, t, number, agree=True)
    assert [s.text for s in of_case(session, case.id)] == ["每周五清运"]


def test_a_file_of_the_drafts_name_goes_into_the_draft(session: Session, tmp_path: Path):
    t, code, _ = town_with_list(session)
    made = lists.begin(session, t, "2027")
    parent = drafts.item_of(session, made, code).parent
    path = tmp_path / "matters.csv"
    path.write_text(f"code,parent,name,备注\nN1,{parent},光污染,先看\n", encoding="utf-8")
    town = session.scalar(text("SELECT code FROM area WHERE id = :t"), {"t": t})
    load_kind(session, "matters", path, version="2027", township=town)
    assert drafts.item_of(session, made, "N1").note == "先看"
    assert matters.admitted(session, t, "N1", at("2026-08-15 09:00")) is None
    assert drafts.the_draft(session, t).version == "2027"
