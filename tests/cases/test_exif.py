"""Notes in photos are as odd as the programs that wrote them; a picture is none the worse for it."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from gisgrid.cases.photos import add_photo, picture
from gisgrid.core.errors import Invalid
from gisgrid.db.tables import Event
from tests.support.factories import create_event, create_township
from tests.support.sketch import spot

FORMATS = ("JPEG", "PNG", "WEBP")
TIMES = 400


def noted(form: str, *, gps: tuple[float, float] = (120.9, 40.7), turned: int = 6) -> bytes:
    image = Image.new("RGB", (40, 30), "green")
    image.paste((0, 0, 255), (0, 0, 20, 30))
    exif = image.getexif()
    exif[274], exif[271] = turned, "Camera"
    exif.get_ifd(0x8769)[36867] = "2023:08:15 08:30:00"
    lon, lat = gps
    exif.get_ifd(0x8825).update({1: "N", 2: (lat, 0.0, 0.0), 3: "E", 4: (lon, 0.0, 0.0)})
    out = io.BytesIO()
    image.save(out, form, exif=exif)
    return out.getvalue()


def damaged(whole: bytes, form: str, rng: random.Random) -> bytes:
    """The same picture, with some bytes of its notes changed."""
    start = max(whole.find(b"II*\0"), whole.find(b"MM\0*"))
    changed = bytearray(whole)
    for _ in range(rng.randint(1, 6)):
        changed[start + rng.randrange(150)] = rng.choice([0, 1, 2, 5, 7, 255, rng.randrange(256)])
    if form == "PNG":
        at = changed.find(b"eXIf")
        (size,) = struct.unpack(">I", changed[at - 4 : at])
        changed[at + 4 + size : at + 8 + size] = struct.pack(
            ">I", zlib.crc32(changed[at : at + 4 + size])
        )
    return bytes(changed)


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_with_odd_notes_is_taken_without_them(form: str):
    rng, whole = random.Random(form), noted(form)
    shown = picture(whole)
    assert (shown.width, shown.height) == (30, 40)
    assert shown.lonlat == pytest.approx((120.9, 40.7))
    for _ in range(TIMES):
        odd = picture(damaged(whole, form, rng))
        assert {odd.width, odd.height} == {30, 40}
        assert odd.lonlat is None or (abs(odd.lonlat[0]) <= 180 and abs(odd.lonlat[1]) <= 90)


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_that_is_cut_off_anywhere_is_taken_or_refused_in_words(form: str):
    whole = noted(form)
    for size in range(0, len(whole), 7):
        try:
            picture(whole[:size])
        except Invalid as refused:
            assert refused.in_language("zh") != refused.message


@pytest.mark.parametrize("turned", range(10))
def test_a_picture_stands_upright_however_the_camera_was_held(turned: int):
    upright = {
        1: "left",
        2: "right",
        3: "right",
        4: "left",
        5: "top",
        6: "top",
        7: "bottom",
        8: "bottom",
    }
    jpeg = Image.open(io.BytesIO(picture(noted("PNG", turned=turned)).jpeg))
    w, h = jpeg.size
    spots = {
        "left": (3, h // 2),
        "right": (w - 3, h // 2),
        "top": (w // 2, 3),
        "bottom": (w // 2, h - 3),
    }
    red, green, blue = jpeg.getpixel(spots[upright.get(turned, "left")])  # type: ignore[misc]
    assert blue > 200 and green < 60 and red < 60


@pytest.mark.parametrize("gps", [(0.5, 90.0), (180.0, -90.0), (-120.9, -40.7), (120.9, 40.7)])
def test_a_photo_of_any_place_on_the_globe_is_kept_with_its_distance(
    session: Session, gps: tuple[float, float]
):
    township = create_township(session)
    create_event(session, township, spot(0.5, 0.5))
    event = session.scalars(select(Event.id)).one()
    shown = picture(noted("JPEG", gps=(abs(gps[0]), abs(gps[1]))))
    number = add_photo(session, event, shown, by="测试员")
    far_m = session.scalar(text("SELECT far_m FROM photo WHERE id = :id"), {"id": number})
    assert far_m is not None and 0 <= far_m < 20_100_000
