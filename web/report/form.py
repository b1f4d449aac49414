"""What somebody has filled in to report, as the request brings it."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import replace

from flask import request

from gisgrid.cases.photos import picture
from gisgrid.cases.preview import ReportDraft
from gisgrid.core.errors import Invalid
from gisgrid.core.plans import TownshipInfo
from gisgrid.locate.point_lookup import Snapshot
from web.http.photos import photos_sent
from web.lookup.locate import in_force

MOST_PHOTOS = 3
_TEXTS = ("matter", "lon", "lat", "spot", "address", "text", "contact", "source", "seen")


def new_client() -> str:
    """A key for a form that is handed out, so that it is taken once however often it is sent."""
    return secrets.token_urlsafe(18)


def read_draft() -> tuple[ReportDraft, Invalid | None]:
    """The draft in the request's form or address, and what is wrong with its photos."""
    values = request.values
    texts = {name: values.get(name, "").strip() for name in _TEXTS}
    draft = replace(
        ReportDraft(),
        **texts,  # type: ignore[arg-type]  # all of these are texts
        datum=values.get("datum") or "wgs84",
        client=values.get("client", "")[:64] or new_client(),
        emergency=bool(values.get("emergency")),
    )
    try:
        return replace(draft, photos=_photos()), None
    except Invalid as wrong:
        return draft, wrong


def _photos() -> tuple[bytes, ...]:
    kept = [_unpacked(v) for v in request.form.getlist("kept") if v]
    found = photos_sent("photo", most=MOST_PHOTOS, kept=kept)
    for data in found:
        picture(data)
    return tuple(found)


def kept(draft: ReportDraft) -> list[str]:
    """The photos as the form hands them back to be sent again, made small and free of their notes."""
    return [base64.b64encode(picture(data).jpeg).decode() for data in draft.photos]


def _unpacked(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Invalid("The photo was lost; choose it again.") from None


def snapshot_of(place: TownshipInfo) -> Snapshot:
    """The plan in force that this process holds; raises as `in_force`."""
    return in_force(place.code)[0].snapshot
