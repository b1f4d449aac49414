"""Working time against cases counted by hand on the calendars below."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisgrid.cases import clock
from gisgrid.cases.calendars import read_calendar
from gisgrid.cases.worktime import UNCOVERED, Limit, NoCalendar, WorkTime, Year, seconds
from gisgrid.core.errors import Invalid
from tests.support.town_files import DATA

OFFICE = ((480, 720), (810, 1050))  # 8:00-12:00, 13:30-17:30


def limit_ends(work: WorkTime, start: datetime, limit: Limit) -> datetime:
    """When a limit that starts at an aware moment ends, in UTC; NoCalendar where a year has none."""
    found = int(work.due(np.array([seconds(start)]), np.array([limit.units]), limit.unit)[0])
    if found == UNCOVERED:
        raise work.missing(start)
    return datetime.fromtimestamp(found, UTC)


def town(*years: int, zone: str = "Asia/Shanghai", rule: str = "share") -> WorkTime:
    plans = read_calendar(DATA / "calendar/calendar.csv", day_rule=rule)
    return WorkTime.of([p.year for p in plans if p.year.year in years], zone)


def local(text: str, zone: str = "Asia/Shanghai") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


# Each row: when it starts, the limit, when it ends; counted by hand.
BY_HAND = [
    # inside one half-day, over noon, over night
    ("2023-08-15 09:00", "30 working_minutes", "2023-08-15 09:30"),
    ("2023-08-15 11:30", "1 working_hours", "2023-08-15 14:00"),
    ("2023-08-15 16:30", "4 working_hours", "2023-08-16 11:00"),
    ("2023-08-15 15:00", "1 working_days", "2023-08-16 15:00"),
    # starting outside office hours: counted from the next opening
    ("2023-08-15 06:00", "1 working_hours", "2023-08-15 09:00"),
    ("2023-08-15 12:30", "30 working_minutes", "2023-08-15 14:00"),
    ("2023-08-15 23:00", "2 working_hours", "2023-08-16 10:00"),
    # what ends with the office hours ends then, not at the next opening
    ("2023-08-15 08:00", "8 working_hours", "2023-08-15 17:30"),
    ("2023-08-15 08:00", "4 working_hours", "2023-08-15 12:00"),
    ("2023-08-15 08:00", "1 working_days", "2023-08-15 17:30"),
    ("2023-08-15 20:00", "1 working_days", "2023-08-16 17:30"),
    # an ordinary weekend
    ("2023-08-18 17:00", "1 working_hours", "2023-08-21 08:30"),
    ("2023-08-18 10:00", "3 working_days", "2023-08-23 10:00"),
    ("2023-08-19 10:00", "1 working_days", "2023-08-21 17:30"),
    # National Day 2023: off 29 Sep to 6 Oct; Saturday 7 and Sunday 8 are make-up days
    ("2023-09-28 16:30", "2 working_hours", "2023-10-07 09:00"),
    ("2023-09-28 10:00", "1 working_days", "2023-10-07 10:00"),
    ("2023-10-03 12:00", "3 working_days", "2023-10-09 17:30"),
    ("2023-10-06 23:59", "5 working_days", "2023-10-11 17:30"),
    # Spring Festival 2023: off 21 to 27 Jan, make-up Saturday 28 and Sunday 29
    ("2023-01-20 17:00", "60 working_minutes", "2023-01-28 08:30"),
    ("2023-01-20 09:00", "10 working_days", "2023-02-08 09:00"),
    # a make-up Sunday before a holiday: 25 Jun 2023 after Dragon Boat 22-24 Jun
    ("2023-06-21 15:00", "1 working_days", "2023-06-25 15:00"),
    # New Year: over the end of a calendar year
    ("2022-12-30 17:00", "1 working_hours", "2023-01-03 08:30"),
    # half a working day is half of its hours
    ("2023-08-15 08:00", "0.5 working_days", "2023-08-15 12:00"),
    ("2023-08-15 12:00", "0.5 working_days", "2023-08-15 17:30"),
    # day and night, holiday or not
    ("2023-10-01 23:30", "90 clock_minutes", "2023-10-02 01:00"),
    ("2023-10-01 12:00", "24 clock_hours", "2023-10-02 12:00"),
    ("2023-10-01 12:00", "7 clock_days", "2023-10-08 12:00"),
]


@pytest.mark.parametrize(("start", "limit", "end"), BY_HAND)
def test_limits_end_when_counted_by_hand(start: str, limit: str, end: str):
    assert limit_ends(town(2022, 2023), local(start), Limit.parse(limit)) == local(end)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2023-08-15 09:00", 1, "2023-08-16 17:30"),
        ("2023-08-15 23:00", 1, "2023-08-16 17:30"),
        ("2023-08-18 09:00", 3, "2023-08-23 17:30"),
        ("2023-08-19 09:00", 1, "2023-08-21 17:30"),
        ("2023-09-28 09:00", 2, "2023-10-08 17:30"),
        ("2023-08-15 09:00", 0.5, "2023-08-16 17:30"),
    ],
)
def test_where_the_day_of_the_report_does_not_count_a_limit_ends_with_the_day(start, days, end):
    work = town(2023, rule="end")
    assert limit_ends(work, local(start), Limit(days, "working_days")) == local(end)


def test_a_short_day_is_one_working_day_and_has_fewer_hours():
    # Monday 2 January 2023 has the morning only.
    hours = [OFFICE] * 365
    hours[1] = ((480, 720),)
    work = WorkTime.of([Year(2023, tuple(hours))], "Asia/Shanghai")
    start = local("2023-01-01 13:30")
    assert limit_ends(work, start, Limit(1, "working_days")) == local(
        "2023-01-02 12:00"
    ) - timedelta(hours=2)
    assert limit_ends(work, start, Limit(8, "working_hours")) == local("2023-01-02 12:00")


SPRING = [
    # New York, 12 March 2023: the clock jumps from 2:00 to 3:00
    ("2023-03-11 20:00", "8 clock_hours", "2023-03-12 05:00"),
    ("2023-03-11 12:00", "1 clock_days", "2023-03-12 12:00"),
    ("2023-03-10 17:00", "1 working_hours", "2023-03-13 08:30"),
    # 5 November 2023: from 2:00 back to 1:00
    ("2023-11-04 20:00", "8 clock_hours", "2023-11-05 03:00"),
    ("2023-11-04 12:00", "1 clock_days", "2023-11-05 12:00"),
    ("2023-11-03 17:00", "1 working_days", "2023-11-06 17:00"),
]


@pytest.mark.parametrize(("start", "limit", "end"), SPRING)
def test_a_zone_with_daylight_saving_keeps_wall_clock_hours(start: str, limit: str, end: str):
    days = [date(2023, 1, 1) + timedelta(n) for n in range(365)]
    week = tuple(OFFICE if d.isoweekday() < 6 else () for d in days)
    work = WorkTime.of([Year(2023, week)], "America/New_York")
    zone = "America/New_York"
    assert limit_ends(work, local(start, zone), Limit.parse(limit)) == local(end, zone)


def test_a_night_shift_over_the_change_has_the_hours_that_passed():
    # Round the clock: 12 March has 23 hours.
    work = WorkTime.of([Year(2023, (((0, 1440),),) * 365)], "America/New_York")
    start = local("2023-03-12 00:00", "America/New_York")
    end = limit_ends(work, start, Limit(23, "working_hours"))
    assert end == local("2023-03-13 00:00", "America/New_York")


PAUSES = [
    # limit, started, paused, resumed, then due
    ("4 working_hours", "2023-08-15 09:00", "2023-08-15 11:00", "2023-08-16 10:00", "2023-08-16 12:00"),
    # over a holiday: two hours are left and are still left after it
    ("4 working_hours", "2023-09-28 09:00", "2023-09-28 11:00", "2023-10-07 08:00", "2023-10-07 10:00"),
    # paused by night and resumed by night: nothing was lost
    ("1 working_days", "2023-08-15 10:00", "2023-08-15 20:00", "2023-08-15 22:00", "2023-08-16 10:00"),
    # resumed on a holiday: runs on with the next office hours
    ("1 working_days", "2023-09-28 09:00", "2023-09-28 15:30", "2023-10-02 09:00", "2023-10-07 11:00"),
    ("24 clock_hours", "2023-08-15 10:00", "2023-08-15 12:00", "2023-08-17 12:00", "2023-08-18 10:00"),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "started", "paused", "resumed", "due"), PAUSES)
def test_a_pause_keeps_what_was_left(limit, started, paused, resumed, due):
    work = town(2023)
    running = clock.start(work, Limit.parse(limit), local(started))
    still = clock.pause(running, work, local(paused), "suspend")
    assert still.due_at is None
    assert clock.colour(still, local("2023-12-01 00:00")) == "paused"
    assert clock.resume(still, work, local(resumed), "suspend").due_at == local(due)


def test_two_causes_hold_a_clock_until_both_have_gone():
    work = town(2023)
    c = clock.start(work, Limit(4, "working_hours"), local("2023-08-15 09:00"))
    c = clock.pause(c, work, local("2023-08-15 10:00"), "suspend")
    c = clock.pause(c, work, local("2023-08-15 10:30"), "emergency")
    c = clock.resume(c, work, local("2023-08-15 11:00"), "suspend")
    assert c.due_at is None
    c = clock.resume(c, work, local("2023-08-16 08:00"), "emergency")
    assert c.due_at == local("2023-08-16 11:00")
    assert clock.resume(c, work, local("2023-08-17 08:00"), "emergency") == c


def test_a_late_clock_stays_late_over_a_pause():
    work = town(2023)
    c = clock.start(work, Limit(1, "working_hours"), local("2023-08-15 09:00"))
    held = clock.pause(c, work, local("2023-08-15 11:00"), "suspend")
    assert clock.colour(held, local("2023-08-15 11:00")) == "red"
    assert clock.resume(held, work, local("2023-08-16 09:00"), "suspend").due_at == c.due_at


def test_a_clock_stopped_in_its_pause_was_in_time():
    work = town(2023)
    c = clock.start(work, Limit(1, "working_hours"), local("2023-08-15 09:00"))
    held = clock.pause(c, work, local("2023-08-15 09:30"), "suspend")
    done = clock.stop(held, work, local("2023-08-20 09:00"))
    assert clock.colour(done, local("2023-09-01 09:00")) == "met"


def test_colours_turn_at_their_moments():
    work = town(2023)
    c = clock.start(work, Limit(4, "working_hours"), local("2023-08-15 08:00"))
    seen = {
        at: clock.colour(c, local(f"2023-08-15 {at}"))
        for at in ("08:00", "10:59", "11:00", "12:00", "12:01")
    }
    assert seen == {"08:00": "green", "10:59": "green", "11:00": "yellow", "12:00": "yellow",
                    "12:01": "red"}  # fmt: skip
    assert clock.colour(clock.stop(c, work, local("2023-08-15 12:00")), c.started_at) == "met"
    assert clock.colour(clock.stop(c, work, local("2023-08-15 12:01")), c.started_at) == "missed"


@pytest.mark.parametrize(
    ("years", "start", "limit", "year"),
    [
        ((2023,), "2023-12-29 17:00", "2 working_hours", 2024),
        ((2023,), "2022-12-29 17:00", "1 working_hours", 2022),
        ((2022, 2024), "2022-12-30 17:00", "1 working_days", 2023),
        ((), "2023-01-03 09:00", "1 working_minutes", 2023),
    ],
)
def test_a_year_without_a_calendar_is_named(years, start, limit, year):
    with pytest.raises(NoCalendar, match=f"no calendar of {year}") as caught:
        limit_ends(town(*years), local(start), Limit.parse(limit))
    assert caught.value.facts["year"] == year


def test_an_emergency_clock_needs_no_calendar():
    work = WorkTime.of([], "Asia/Shanghai")
    assert limit_ends(work, local("2031-01-01 00:10"), Limit(30, "clock_minutes")) == local(
        "2031-01-01 00:40"
    )


def test_many_at_once_answer_as_one_by_one():
    work = town(2022, 2023)
    rng = np.random.default_rng(7)
    start = rng.integers(seconds(local("2022-03-01")), seconds(local("2023-11-01")), 500)
    for unit in ("working_minutes", "working_hours", "working_days", "clock_hours"):
        amount = rng.integers(1, 40, 500)
        units = np.array([Limit(float(a), unit).units for a in amount])
        many = work.due(start, units, unit)
        one = [
            seconds(limit_ends(work, datetime.fromtimestamp(s, UTC), Limit(float(a), unit)))
            for s, a in zip(start.tolist(), amount.tolist(), strict=True)
        ]
        assert many.tolist() == one
    beyond = work.due(
        np.array([seconds(local("2023-12-29 17:00"))]), np.array([7200]), "working_hours"
    )
    assert beyond.tolist() == [UNCOVERED]


@given(
    st.integers(0, 500_000),
    st.integers(1, 4_000),
    st.integers(0, 3_000),
    st.sampled_from(["working_minutes", "clock_minutes"]),
)
def test_a_pause_of_no_worked_time_changes_nothing_and_splits_add_up(start_min, a, b, unit):
    work = TWO_YEARS
    at = local("2022-01-03 08:00") + timedelta(minutes=start_min)
    first = limit_ends(work, at, Limit(a, unit))
    both = limit_ends(work, at, Limit(a + b + 1, unit))
    assert limit_ends(work, first, Limit(b + 1, unit)) == both


TWO_YEARS = town(2022, 2023)


def test_town_f_due_times_agree_with_its_generator():
    events = pd.read_csv(DATA / "events/events.csv", dtype=str, keep_default_na=False)
    matters = pd.read_csv(DATA / "matters/matters.csv", dtype=str, keep_default_na=False)
    limits = {m.code: f"{m.time_limit} {m.limit_unit}" for m in matters.itertuples() if m.parent}
    work = town(2022, 2023)
    wrong = [
        e.code
        for e in events.itertuples()
        if limit_ends(work, local(e.reported_at), Limit.parse(limits[e.matter])) != local(e.due_at)
    ]
    assert wrong == []


def write(folder: Path, *rows: str) -> Path:
    path = folder / "calendar.csv"
    path.write_text("\n".join(["开始日期,结束日期,类型,工作时间,说明", *rows]), encoding="gb18030")
    return path


def test_a_calendar_in_chinese_with_summer_hours_is_read(tmp_path: Path):
    path = write(
        tmp_path,
        "2023/1/1,2023/12/31,作息,8:00-12:00 13:30-17:30,",
        "2023/6/1,2023/9/30,作息,8:00-12:00 14:30-18:00,夏季",
        "2023/6/22,2023/6/24,放假,,端午节",
        "2023/6/25,,补班,,",
    )
    (plan,) = read_calendar(path)
    hours = {date(2023, 1, 1) + timedelta(n): h for n, h in enumerate(plan.year.hours)}
    assert hours[date(2023, 5, 31)] == OFFICE
    assert hours[date(2023, 6, 1)] == hours[date(2023, 6, 25)] == ((480, 720), (870, 1080))
    assert hours[date(2023, 6, 23)] == hours[date(2023, 6, 18)] == ()
    assert plan.names[date(2023, 6, 24)] == "端午节"


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["2023-01-01,2023-12-31,作息,8:00-12:00 11:00-17:30,"], "no office hours"),
        (["2023-01-01,2023-12-31,作息,,"], "needs hours"),
        (["2023-02-30,,放假,,"], "is no day"),
        (["2023-10-01,,放假了吗,,"], "is no kind"),
        (["2023-10-07,2023-10-01,放假,,"], "no span"),
        (["2023-02-01,2023-12-31,作息,8:00-12:00,"], "no office hours for 2023-01-01"),
    ],
)
def test_a_calendar_with_a_hole_is_refused_whole(tmp_path: Path, rows: list[str], told: str):
    with pytest.raises(Invalid, match=told):
        read_calendar(write(tmp_path, *rows))


@pytest.mark.parametrize("text", ["", "4", "soon", "-1 working_days", "0 working_days", "4 hours"])
def test_what_is_no_limit_is_refused(text: str):
    with pytest.raises(Invalid):
        Limit.parse(text)
