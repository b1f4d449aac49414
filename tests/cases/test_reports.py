"""A report becomes an event with a case, once; with photos, duplicates and both candidates."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from gisgrid.cases import photos
from gisgrid.cases.cases import CaseActor, Details, case_log, case_now, take_step
from gisgrid.cases.intake import Report, move, move_pin, take_in
from gisgrid.cases.photos import picture
from gisgrid.core.errors import Invalid, NotAllowed, NotFound
from gisgrid.core.plans import TownshipInfo, plan_in_force, townships
from gisgrid.db.store import transaction
from gisgrid.planning.attach.attach import attach
from tests.support.cases import DISPATCHER, RESIDENT, TEAM_A, WORKER, at, place
from tests.support.factories import create_matter
from tests.support.sketch import spot


def jpeg(size=(1200, 800), *, gps: tuple[float, float] | None = None, turned: int = 1) -> bytes:
    image = Image.new("RGB", size, (200, 30, 30))
    image.paste((0, 0, 255), (0, 0, size[0] // 2, size[1]))
    exif = image.getexif()
    exif[274] = turned
    exif[271] = "Camera of a person"
    exif.get_ifd(0x8769)[36867] = "2023:08:15 08:30:00"
    if gps:
        lon, lat = gps
        exif.get_ifd(0x8825).update({1: "N", 2: (lat, 0.0, 0.0), 3: "E", 4: (lon, 0.0, 0.0)})
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif, comment=b"secret words")
    return out.getvalue()


@pytest.fixture
def here(session: Session) -> tuple[TownshipInfo, str]:
    township = place(session)
    matter = create_matter(session, township, time_limit=4, limit_unit="working_hours")
    (known,) = [p for p in townships(session) if p.id == township.area_id]
    return known, matter.code


WHEN = at("2023-08-15 09:00")


def test_a_report_lands_in_its_grid_with_a_case_a_ticket_and_both_candidates(session, here):
    town, matter = here
    # Five metres left of the border between a and b.
    lon, lat = spot(1, 0.5)
    got = take_in(
        session, town, Report(matter, (lon - 6e-5, lat), " 垃圾\x00满溢 ", reported_at=WHEN), WORKER
    )
    assert (got.landed.grid_code, got.landed.reported_grid_code, got.fresh) == ("a", "a", True)
    assert [o.card.code for o in got.lookup.others] == ["b"]
    assert 4 < got.lookup.border_m < 6
    assert (got.case.state, len(got.case.ticket)) == ("collected", 12)
    assert session.scalar(text("SELECT text FROM event")) == "垃圾满溢"


def test_a_retry_makes_no_second_event(session, here):
    town, matter = here
    report = Report(matter, spot(0.5, 0.5), client_id="phone-7", reported_at=WHEN, photos=(jpeg(),))
    first = take_in(session, town, report, WORKER)
    again = take_in(session, town, report, WORKER)
    assert (again.case, again.landed, again.photos) == (first.case, first.landed, first.photos)
    assert (first.fresh, again.fresh) == (True, False)
    assert session.scalar(text("SELECT count(*) FROM event")) == 1


def test_two_retries_at_once_make_one_event(engine: Engine):
    with transaction(engine) as session:
        township = place(session)
        matter = create_matter(session, township).code
        (town,) = townships(session)
    report = Report(matter, spot(0.5, 0.5), client_id="twice", reported_at=WHEN)
    gate, got = threading.Barrier(4), []

    def send() -> None:
        gate.wait()
        with transaction(engine) as s:
            got.append(take_in(s, town, report, WORKER))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({r.case.id for r in got}) == 1
    assert sum(r.fresh for r in got) == 1
    with transaction(engine, read_only=True) as session:
        assert session.scalar(text("SELECT count(*) FROM event")) == 1


def test_outside_is_accepted_and_told_with_the_nearest_grid(session, here):
    town, matter = here
    got = take_in(session, town, Report(matter, spot(5, 0.5), reported_at=WHEN), WORKER)
    assert got.landed.grid_code is None
    assert got.outside.facts["nearest"] == "b"
    assert 253 < got.outside.facts["distance_m"] < 254  # three cells of 0.001 degrees
    assert got.case.open
    nowhere = take_in(session, town, Report(matter, reported_at=WHEN), WORKER)
    assert (nowhere.lookup, nowhere.outside, nowhere.landed.grid_code) == (None, None, None)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"matter": "none"}, Invalid),
        ({"reported_at": datetime.now(UTC) + timedelta(hours=1)}, Invalid),
        ({"reported_at": WHEN.replace(tzinfo=None)}, Invalid),
        ({"reported_at": WHEN.replace(year=2019)}, Invalid),
        ({"place": (200.0, 10.0)}, Invalid),
        ({"text": "长" * 4001}, Invalid),
        ({"photos": (b"no picture",)}, Invalid),
        ({"asset": "none"}, NotFound),
    ],
)
def test_bad_reports_are_refused_and_leave_nothing(session, here, change, error):
    town, matter = here
    row = {"matter": matter, "place": spot(0.5, 0.5), "reported_at": WHEN} | change
    with pytest.raises(error), session.begin_nested():
        take_in(session, town, Report(**row), WORKER)
    with pytest.raises(NotAllowed), session.begin_nested():
        take_in(session, town, Report(matter, reported_at=WHEN), CaseActor("x", ("auditor",)))
    assert session.scalar(text("SELECT count(*) FROM event")) == 0


def test_a_script_in_the_text_is_kept_as_text(session, here):
    town, matter = here
    take_in(
        session, town, Report(matter, text="<script>alert(1)</script>", reported_at=WHEN), WORKER
    )
    assert session.scalar(text("SELECT text FROM event")) == "<script>alert(1)</script>"


def test_the_position_of_a_photo_places_the_event_and_is_then_gone(session, here):
    town, matter = here
    where = spot(1.5, 0.5)
    report = Report(matter, photos=(jpeg(gps=where),), reported_at=WHEN)
    got = take_in(session, town, report, WORKER)
    assert got.landed.grid_code == "b"
    row = session.execute(text("SELECT * FROM photo")).one()
    assert row.taken_at == at("2023-08-15 08:30")
    assert row.far_m < 0.01
    for kept in (row.jpeg, row.thumbnail):
        image = Image.open(io.BytesIO(kept))
        assert dict(image.getexif()) == {}
        assert "comment" not in image.info
        assert b"Camera" not in kept
        assert b"secret" not in kept
    assert max(Image.open(io.BytesIO(row.thumbnail)).size) == 240
    # Given by hand, the place counts and the camera's only tells how far away it was taken.
    got = take_in(
        session, town, Report(matter, spot(0.5, 0.5), photos=(jpeg(gps=where),), reported_at=WHEN),
        WORKER,
    )  # fmt: skip
    assert got.landed.grid_code == "a"
    far = session.scalar(text("SELECT far_m FROM photo WHERE id = :id"), {"id": got.photos[0]})
    assert 84 < far < 85


def test_a_photo_is_turned_upright_and_made_smaller():
    kept = picture(jpeg((3200, 1600), turned=6))
    assert (kept.width, kept.height) == (800, 1600)
    top = Image.open(io.BytesIO(kept.jpeg)).getpixel((400, 100))
    bottom = Image.open(io.BytesIO(kept.jpeg)).getpixel((400, 1500))
    assert top[2] > 200
    assert bottom[0] > 180


def test_what_is_no_photo_is_refused_in_words(monkeypatch):
    with pytest.raises(Invalid, match="50 MB"):
        picture(b"\xff\xd8" + bytes(50_000_000))
    gif = io.BytesIO()
    Image.new("P", (10, 10)).save(gif, "GIF")
    for data in (b"", b"<svg onload=alert(1)>", gif.getvalue(), jpeg()[:500]):
        with pytest.raises(Invalid, match="JPEG, PNG or WebP"):
            picture(data)
    monkeypatch.setattr(photos, "MOST_PIXELS", 10_000)
    with pytest.raises(Invalid, match="10,000 pixels"):
        picture(jpeg())


def test_duplicates_are_near_in_place_time_and_matter(session, here):
    town, matter = here
    lon, lat = spot(0.5, 0.5)
    first = take_in(
        session, town,
        Report(matter, (lon, lat), "路边垃圾成堆", "虚构路1号", reported_at=WHEN, photos=(jpeg(),)),
        RESIDENT,
    )  # fmt: skip
    assert first.duplicates == ()
    near = Report(
        matter, (lon + 3e-4, lat), "垃圾成堆没人管", reported_at=WHEN + timedelta(hours=2)
    )
    got = take_in(session, town, near, RESIDENT)
    (same,) = got.duplicates
    assert (same.event_id, same.text, same.photos) == (
        first.landed.event_id,
        "路边垃圾成堆",
        first.photos,
    )
    assert 24 < same.distance_m < 26.5
    assert same.hours_apart == 2
    assert same.likeness > 0.3
    far = Report(matter, (lon + 8e-4, lat), reported_at=WHEN)
    assert [d.event_id for d in take_in(session, town, far, RESIDENT).duplicates] == [
        got.landed.event_id
    ]
    # The matter's own radius and time; an open one stays a candidate, a closed one only in time.
    session.execute(text("UPDATE matter SET duplicate_m = 10, duplicate_h = 1"))
    late = Report(matter, (lon + 5e-5, lat), reported_at=WHEN + timedelta(days=9))
    assert [d.event_id for d in take_in(session, town, late, RESIDENT).duplicates] == [
        first.landed.event_id
    ]
    take_step(session, first.case.id, "reject", DISPATCHER, details=Details(reason="x"))
    again = take_in(session, town, late, RESIDENT).duplicates
    assert first.landed.event_id not in [d.event_id for d in again]


def test_moving_the_pin_keeps_history_and_offers_a_new_dispatch(session, here):
    town, matter = here
    got = take_in(session, town, Report(matter, spot(0.5, 0.5), reported_at=WHEN), WORKER)
    case = got.case.id
    take_step(session, case, "file", DISPATCHER, at=WHEN)
    now = take_step(session, case, "dispatch", DISPATCHER, at=WHEN, details=Details(to=TEAM_A))
    same = move_pin(session, now, spot(0.6, 0.5), DISPATCHER)
    assert (same.before, same.landed.grid_code, same.redispatch) == ("a", "a", False)
    moved = move_pin(session, case_now(session, case), spot(1.5, 0.5), DISPATCHER, reason="点错")
    assert (moved.landed.grid_code, moved.landed.reported_grid_code) == ("b", "a")
    assert moved.redispatch
    line = case_log(session, case)[-1]
    assert (line.step, line.data["from_grid"], line.data["to_grid"]) == ("move", "a", "b")
    assert case_now(session, case).grid_code == "a"


def test_an_asset_on_the_exceptions_list_overrules_the_ground(session, here):
    town, matter = here
    session.execute(
        text(
            "INSERT INTO asset (township_id, code, name, grid_code, reason, during) "
            "VALUES (:t, 'LAMP-1', '路灯', 'b', '归b网格维护', '[2020-01-01,)')"
        ),
        {"t": town.id},
    )
    report = Report(matter, spot(0.5, 0.5), asset="LAMP-1", reported_at=WHEN)
    got = take_in(session, town, report, WORKER)
    assert (got.landed.grid_code, got.landed.reported_grid_code) == ("b", "b")
    plain = take_in(session, town, Report(matter, spot(0.5, 0.5), reported_at=WHEN), WORKER)
    assert plain.landed.grid_code == "a"
    # All at once answers as one by one.
    assert owners(session, town) == {got.landed.event_id: "b", plain.landed.event_id: "a"}


def owners(session: Session, town: TownshipInfo) -> dict[int, str]:
    attach(session, plan_in_force(session, town.id).id, "event")
    rows = session.execute(
        text("SELECT a.event_id, g.code FROM event_grid a JOIN grid g ON g.id = a.grid_id")
    ).all()
    return dict(rows)


def test_an_event_within_the_reach_of_an_asset_goes_to_its_grid(session, here):
    town, matter = here
    lon, lat = spot(0.5, 0.5)
    # Two reaches overlap, where the nearer thing wins; the kiosk is not on the list any more.
    for code, grid, east, reach, during in (
        ("LAMP", "a", 0.0002, 30, "[2020-01-01,)"),
        ("PARK", "b", -0.0001, 40, "[2020-01-01,)"),
        ("KIOSK", "b", 0.0002, 60, "[2020-01-01,2023-08-15)"),
    ):
        session.execute(
            text(
                "INSERT INTO asset (township_id, code, name, grid_code, reason, geom, reach_m, during)"
                " VALUES (:t, :code, '设施', :grid, '专管', ST_Point(:lon, :lat, 4326), :reach, :during)"
            ),
            {"t": town.id, "code": code, "grid": grid, "lon": lon + east, "lat": lat,
             "reach": reach, "during": during},
        )  # fmt: skip
    got = {
        name: take_in(session, town, Report(matter, (lon + e, lat + n), reported_at=WHEN), WORKER)
        for name, e, n in (("park", 0.0, 0.0), ("lamp", 0.00025, 0.0), ("none", 0.0, 0.0004))
    }
    expected = {"park": "b", "lamp": "a", "none": "a"}
    assert {name: g.landed.grid_code for name, g in got.items()} == expected
    assert got["park"].landed.reported_grid_code == "b"
    numbers = {got[name].landed.event_id: grid for name, grid in expected.items()}
    assert owners(session, town) == numbers
    # A moved pin is asked anew.
    assert move(session, got["park"].landed.event_id, (lon, lat + 0.0004)).grid_code == "a"
    assert owners(session, town)[got["park"].landed.event_id] == "a"
