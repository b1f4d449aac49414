"""The photos of a form, as they came."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request

from gisgrid.cases.photos import MOST_BYTES
from gisgrid.core.errors import Invalid


def photos_sent(field: str, *, most: int, kept: Sequence[bytes] = ()) -> list[bytes]:
    """The bytes of each photo in a field, after those that the form has ``kept``.

    Raises
    ------
    Invalid
        More than ``most``, or one larger than ``MOST_BYTES``.
    """
    files = [file for file in request.files.getlist(field) if file.filename]
    if len(kept) + len(files) > most:
        raise Invalid("At most {most_photos} photos are taken.", most_photos=most)
    found = [*kept, *(file.stream.read(MOST_BYTES + 1) for file in files)]
    if any(len(data) > MOST_BYTES for data in found):
        raise Invalid(
            "The photo is larger than {most_bytes:.0f} MB; choose a smaller one.",
            most_bytes=MOST_BYTES / 1000000.0,
            most=MOST_BYTES,
        )
    return found
