"""The list of matters as a gate, a rule book and a burden."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gisgrid.cases.cases import Owner
from gisgrid.cases.intake import report
from gisgrid.cases.matters import DUTIES, add_temporary, compare, rule_book, unfinished, versions
from gisgrid.cases.refusals import NotOnTheList
from gisgrid.cases.refused_requests import burdens, demand
from gisgrid.core.errors import Conflict, Invalid, NotFound
from gisgrid.core.plans import township as township_of
from gisgrid.loading.target import Target
from gisgrid.loading.targets import TARGETS
from tests.support.cases import DISPATCHER, TEAM_A, Walk, at, new_case, place
from tests.support.factories import community_of, create_matter
from tests.support.town_f import load_kind
from tests.support.town_files import DATA


def test_each_of_the_42_has_one_decider_an_office_limits_filing_and_closing(town: Session):
    entries = rule_book(town, township_of(town).id)
    assert len(entries) == 42
    assert len({e.major for e in entries}) == 8
    assert unfinished(entries) == {}
    assert DUTIES == ("decider", "office", "time_limit", "filing_rule", "closing_rule")
    assert {e.decider for e in entries} == {"grid", "community", "section", "township"}
    for e in entries:
        assert {"file", "dispatch", "handle", "check"} <= e.limits.keys()
        assert e.decider not in e.informs
    rubbish = next(e for e in entries if e.name == "暴露垃圾")
    assert (rubbish.time_limit, rubbish.limits["handle"]) == ("4 working_hours", "4 working_hours")
    assert rubbish.asks_photo


def test_two_versions_are_compared_field_by_field(town: Session, tmp_path: Path):
    t = township_of(town)
    lines = (DATA / "matters/matters.csv").read_text("utf-8").splitlines()
    lines = [line for line in lines if not line.startswith("0507")]
    changed = [
        line.replace("综合执法队,4,working_hours", "综合执法队,1,working_days")
        if line.startswith("0301,")
        else line
        for line in lines
        if not line.startswith("0803,")
    ]
    columns = lines[0].count(",")
    new = "0804,08,光污染,Glare,生态环境办,3,working_days,x,y,community"
    changed.append(new + "," * (columns - new.count(",")))
    path = tmp_path / "matters.csv"
    path.write_text("\n".join(changed), encoding="utf-8")
    load_kind(town, "matters", path, version="2023", since=date(2023, 9, 1))
    assert [v for v, _, _ in versions(town, t.id)] == ["2022", "2023"]
    found = compare(rule_book(town, t.id, "2022"), rule_book(town, t.id, "2023"))
    assert [(c.code, c.what, c.before, c.after) for c in found] == [
        ("0301", "time_limit", "4 working_hours", "1 working_days"),
        ("0803", "gone", "", ""),
        ("0804", "added", "", ""),
    ]
    assert compare(rule_book(town, t.id, "2022"), rule_book(town, t.id, "2022")) == []
    with pytest.raises(NotFound, match="known: 2022, 2023"):
        rule_book(town, t.id, "1999")


def test_a_demand_beside_the_list_is_refused_kept_and_counted(session: Session):
    township = place(session)
    matter = create_matter(session, township)
    home = community_of(session, township)
    when = at("2023-08-15 09:00")
    args = {"asked_by": "某局", "at": when, "community": home.code}
    good = demand(session, township.area_id, matter.code, **args)
    assert (good.admitted, good.refusal_id) == (True, None)
    bad = demand(session, township.area_id, "填报台账", text_="每日填报", **args)
    assert not bad.admitted
    assert bad.said.en.endswith("no minor item “填报台账”; the grids are not to be asked.")
    assert bad.said.in_language("zh") == "2023-08-15 的清单中没有小项“填报台账”，不得交办给网格。"
    major = demand(session, township.area_id, matter.code.removesuffix(".1"), **args)
    assert not major.admitted
    walk = Walk(session, new_case(session, township, matter=matter))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    walk("dispatch", DISPATCHER, "2023-08-15 09:20", to=TEAM_A)
    other = Walk(session, new_case(session, township, matter=matter))
    other("file", DISPATCHER, "2023-08-15 09:10")
    other("dispatch", DISPATCHER, "2023-08-15 09:20", to=Owner(office="某局"))
    (counted,) = burdens(session, township.area_id, date(2023, 8, 1), date(2023, 8, 31))
    assert (counted.sent, counted.temporary, counted.refused) == (1, 0, 2)
    (before,) = burdens(session, township.area_id, date(2023, 7, 1), date(2023, 8, 14))
    assert (before.sent, before.refused) == (0, 0)
    with pytest.raises(NotFound):
        demand(session, township.area_id, "x", asked_by="y", at=when, community="nowhere")


def test_a_temporary_item_needs_consent_and_ends(session: Session):
    township = place(session)
    matter = create_matter(session, township)
    t, parent = township.area_id, matter.code.removesuffix(".1")
    row = {
        "parent": parent, "code": "T1", "name": "临时排查", "consent": "县网格办〔2023〕1号",
        "since": date(2023, 8, 10), "until": date(2023, 8, 20),
    }  # fmt: skip
    for wrong, error in (
        ({"consent": " "}, Invalid), ({"until": date(2023, 8, 9)}, Invalid),
        ({"parent": "nothing"}, NotFound), ({"since": date(2019, 1, 1)}, NotFound),
        ({"rule": {"colour": "red"}}, Invalid),
    ):  # fmt: skip
        with pytest.raises(error):
            add_temporary(session, t, **(row | wrong))
    add_temporary(session, t, **row, rule={"decider": "township", "office": "应急办"})
    with pytest.raises(Conflict):
        add_temporary(session, t, **row)
    args = {"asked_by": "某局"}
    assert demand(session, t, "T1", at=at("2023-08-20 23:59"), **args).admitted
    assert not demand(session, t, "T1", at=at("2023-08-21 00:00"), **args).admitted
    report(session, t, code="E1", matter="T1", reported_at=at("2023-08-15 09:00"))
    with pytest.raises(Invalid, match="no minor item 'T1'"):
        report(session, t, code="E2", matter="T1", reported_at=at("2023-08-21 09:00"))


def test_the_store_takes_no_temporary_item_without_consent_or_end(session: Session):
    matter = create_matter(session, place(session))
    for change in ("during = daterange('2023-01-01', '2023-02-01')",
                   "consent = 'x', during = daterange('2023-01-01', NULL)",
                   "decider = 'king'"):  # fmt: skip
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(f"UPDATE matter SET {change} WHERE id = {matter.id}"))


def test_a_case_is_not_sent_to_a_grid_after_its_temporary_item_has_ended(session: Session):
    township = place(session)
    matter = create_matter(session, township)
    session.execute(
        text(
            "UPDATE matter SET consent = 'x', during = daterange('2023-08-01', '2023-08-16') "
            "WHERE id = :id"
        ),
        {"id": matter.id},
    )
    walk = Walk(session, new_case(session, township, matter=matter))
    walk("file", DISPATCHER, "2023-08-15 09:10")
    with pytest.raises(NotOnTheList):
        walk("dispatch", DISPATCHER, "2023-08-16 09:20", to=TEAM_A)
    assert walk("dispatch", DISPATCHER, "2023-08-15 17:00", to=TEAM_A).grid_code == "a"


def test_a_list_of_three_levels_and_its_faults(session: Session, tmp_path: Path):
    township = place(session)
    path = tmp_path / "matters.csv"
    path.write_text(
        "code,parent,name,handle_limit,decider,informs,consent,since,until,时限,时限单位\n"
        "S,,部门,,,,,,,,\n"
        "R,S,类,,,,,,,,\n"
        "T,R,项,4工作小时,社区,grid;section,,,,2,工作日\n"
        "U,R,项二,二小时,,,,,,,\n"
        "V,T,太深,,,,,,,,\n"
        "W,W,自身,,,,,,,,\n"
        "X,S,半,,,,某文,,,,\n"
        "Y,S,层级,,,king,,,,,\n"
        "Z,S,层级,,国王,,,,,,\n",
        encoding="utf-8",
    )
    found = load_kind(session, "matters", path, version="3", since=date(2023, 1, 1),
                      township=session.scalar(text("SELECT code FROM area WHERE id = :t"),
                                              {"t": township.area_id}))  # fmt: skip
    assert found.rejected.counts() == {
        "limit": 1, "unknown_parent": 2, "half_consent": 1, "levels": 1, "not_a_choice": 1,
    }  # fmt: skip
    (entry,) = rule_book(session, township.area_id, "3")
    assert (entry.code, entry.major, entry.limits) == ("T", "部门", {"handle": "4 working_hours"})
    assert (entry.decider, entry.informs) == ("community", ("grid", "section"))
    assert isinstance(TARGETS["matters"], Target)
    # The middle level is no item that an event could have.
    for code in ("S", "R"):
        with pytest.raises(Invalid, match="no minor item"):
            report(session, township.area_id, code=code, matter=code,
                   reported_at=at("2023-08-15 09:00"))  # fmt: skip
