"""Pictures of events: checked, read for where and when, and made anew without anything but pixels."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from PIL import ExifTags, Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.core.errors import Invalid, NotFound

MOST_BYTES = 20_000_000
MOST_PIXELS = 60_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
EDGE, THUMBNAIL_EDGE = 1600, 240
"""Longest edge of what is kept, in pixels."""
_QUALITY = 82
T = TypeVar("T")


@dataclass(frozen=True)
class Picture:
    """A picture fit to be kept, and what its camera noted, which is not kept in it."""

    sha256: str
    """Of the bytes that came."""
    width: int
    height: int
    jpeg: bytes
    thumbnail: bytes
    lonlat: tuple[float, float] | None
    """Where the camera stood (EPSG:4326); None where it did not say."""
    taken: datetime | None
    """Wall time of the camera, without a zone, as cameras note it."""


def picture(data: bytes) -> Picture:
    """The picture in ``data``, turned upright, at most ``EDGE`` pixels long, all notes taken off.

    Raises
    ------
    Invalid
        Too large in bytes or pixels, of another format than JPEG, PNG and WebP, or damaged.
    """
    if len(data) > MOST_BYTES:
        raise Invalid(
            "The photo has {count:.0f} MB; at most {most_bytes:.0f} MB are taken.",
            count=len(data) / 1000000.0,
            most_bytes=MOST_BYTES / 1000000.0,
            bytes=len(data),
            most=MOST_BYTES,
        )
    try:
        with warnings.catch_warnings():
            # Pillow's own warning of huge pictures; ours is the limit that counts.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            # Of odd notes it complains and goes on.
            warnings.simplefilter("ignore", UserWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check_pixels(image.size)
                pixels = image.convert("RGB")
                turn, lonlat, taken = _noted(image)
    except Image.DecompressionBombError as exc:
        raise _too_many_pixels() from exc
    except (OSError, SyntaxError, ValueError, EOFError) as exc:
        raise Invalid("The photo cannot be read; send JPEG, PNG or WebP.") from exc
    upright = pixels.transpose(turn) if turn is not None else pixels
    upright.thumbnail((EDGE, EDGE))
    small = upright.copy()
    small.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE))
    return Picture(
        hashlib.sha256(data).hexdigest(), upright.width, upright.height,
        _as_jpeg(upright), _as_jpeg(small), lonlat, taken,
    )  # fmt: skip


def add_photo(
    session: Session, event_id: int, shown: Picture, *, by: str, shows: str = "before"
) -> int:
    """Keep a picture of an event; the same file twice is kept once. Its number.

    Of the camera's position only its distance from the event is kept.

    Raises
    ------
    NotFound
        No such event.
    Invalid
        ``shows`` is neither ``before`` nor ``after``.
    """
    if shows not in ("before", "after"):
        raise Invalid(
            "A photo shows the place before or after the work, not {shows!r}.", shows=shows
        )
    if not session.scalar(text("SELECT EXISTS (SELECT FROM event WHERE id = :e)"), {"e": event_id}):
        raise NotFound("There is no event {event_id}.", event_id=event_id)
    lon, lat = shown.lonlat or (None, None)
    values = {
        "event": event_id, "shows": shows, "sha": shown.sha256, "width": shown.width,
        "height": shown.height, "jpeg": shown.jpeg, "thumbnail": shown.thumbnail,
        "taken": shown.taken, "by": by, "lon": lon, "lat": lat,
    }  # fmt: skip
    session.execute(text(_ADD), values)
    return int(
        session.scalar(
            text("SELECT id FROM photo WHERE event_id = :event AND sha256 = :sha"), values
        )
        or 0
    )


def photo_bytes(session: Session, photo_id: int, *, thumbnail: bool = False) -> bytes:
    """The JPEG of a photo; NotFound if there is none."""
    found = session.scalar(
        text("SELECT CASE WHEN :small THEN thumbnail ELSE jpeg END FROM photo WHERE id = :id"),
        {"small": thumbnail, "id": photo_id},
    )
    if found is None:
        raise NotFound("There is no photo {photo_id}.", photo_id=photo_id)
    return bytes(found)


def _check_pixels(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> Invalid:
    return Invalid(
        "The photo has more than {most:,} pixels.",
        most=MOST_PIXELS,
    )


def _as_jpeg(image: Image.Image) -> bytes:
    # A fresh picture of the pixels: nothing that came with the old one goes along.
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def _noted(
    image: Image.Image,
) -> tuple[Image.Transpose | None, tuple[float, float] | None, datetime | None]:
    """How the camera was held, where and when, out of the EXIF; None for each that makes no sense.

    The notes are as various as cameras and the programs that mend their pictures, and their reader
    fails in as many ways; a picture is none the worse for it.
    """
    try:
        exif = image.getexif()
    except _UNREADABLE:
        return None, None, None
    return _read(_turn, exif), _read(_position, exif), _read(_time, exif)


def _read(note: Callable[[Image.Exif], T], exif: Image.Exif) -> T | None:
    try:
        return note(exif)
    except _UNREADABLE:
        return None


def _turn(exif: Image.Exif) -> Image.Transpose | None:
    return _TURNS.get(exif.get(ExifTags.Base.Orientation, 1))


def _position(exif: Image.Exif) -> tuple[float, float] | None:
    """Degrees in EPSG:4326; 0, 0 is what a camera without a fix writes."""
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    lat = _degrees(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S")
    lon = _degrees(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W")
    inside = abs(lon) <= 180 and abs(lat) <= 90 and (lon, lat) != (0, 0)
    return (lon, lat) if inside else None


def _degrees(gps: dict[int, Any], value: int, reference: int, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in gps[value])
    found = degrees + minutes / 60 + seconds / 3600
    return -found if str(gps.get(reference, "")).upper().startswith(negative) else found


def _time(exif: Image.Exif) -> datetime:
    said = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal]
    return datetime.strptime(str(said), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - cameras say none


_UNREADABLE = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, RecursionError, SyntaxError,
    TypeError, ValueError, struct.error,
)  # fmt: skip
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By the number that EXIF gives the way a camera was held."""

_ADD = """
INSERT INTO photo (event_id, shows, sha256, width, height, jpeg, thumbnail, taken_at, far_m, added_by)
SELECT e.id, :shows, :sha, :width, :height, :jpeg, :thumbnail,
       CAST(:taken AS timestamp) AT TIME ZONE t.time_zone,
       -- On the globe: a camera may say any place, and far ones lie outside the metric system.
       CASE WHEN CAST(:lon AS float8) IS NOT NULL THEN ST_Distance(
           ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography, e.geom::geography) END, :by
FROM event e JOIN township t ON t.area_id = e.township_id WHERE e.id = :event
ON CONFLICT (event_id, sha256) DO NOTHING
"""
