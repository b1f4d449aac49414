"""What somebody has filled in to report, and what is shown of it before it is sent."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from gisgrid.cases.cases import RESIDENT, CaseActor
from gisgrid.cases.duplicates import DuplicateCandidate, candidates
from gisgrid.cases.intake import Received, Report, about_to_report, take_in
from gisgrid.cases.matters import matter_on
from gisgrid.cases.photos import MOST_BYTES, picture
from gisgrid.cases.supplements import check_inside
from gisgrid.core import plans
from gisgrid.core.errors import AmbiguousAddress, GisgridError, Invalid, NotFound, OutsideCoverage
from gisgrid.core.plans import TownshipInfo
from gisgrid.locate import lookup
from gisgrid.locate.point_lookup import LookupCard, PointLookup, in_snapshot
from gisgrid.planning.attach.attach import claimed
from gisgrid.planning.overview.ground import township_at
from web.http.permissions import asker
from web.lookup.locate import in_force

MOST_PHOTOS = 3
_TEXTS = ("matter", "lon", "lat", "spot", "address", "text", "contact", "source", "seen")


@dataclass(frozen=True)
class Draft:
    """The form as it was filled in; empty texts for what was not."""

    matter: str = ""
    lon: str = ""
    lat: str = ""
    datum: str = "wgs84"
    spot: str = ""
    """One of the candidates of an address, chosen: ``lon lat``."""
    address: str = ""
    text: str = ""
    contact: str = ""
    source: str = ""
    client: str = ""
    seen: str = ""
    """What of `ReportPreview.mark` was shown before."""
    photos: tuple[bytes, ...] = ()
    emergency: bool = False
    """To follow the emergency flow; of residents it is not taken."""


@dataclass(frozen=True)
class OwnedThing:
    """A thing on the exceptions list that a place lies within the reach of, and its grid."""

    asset: str
    card: LookupCard


@dataclass(frozen=True)
class ReportPreview:
    """The place of a draft, and what is near, to be looked at before sending."""

    lon: float | None = None
    lat: float | None = None
    where: PointLookup | None = None
    owner: OwnedThing | None = None
    """Whose report it will be wherever the place lies; None: the ground decides."""
    outside: OutsideCoverage | None = None
    """No grid covers it; it may be sent all the same."""
    unknown: GisgridError | None = None
    """The address is not in the register; it may be sent all the same."""
    options: tuple[Mapping[str, Any], ...] = ()
    """Addresses that may be meant."""
    from_photo: bool = False
    typed: bool = False
    """Coordinates stood where the address is asked for."""
    duplicates: tuple[DuplicateCandidate, ...] = ()
    handed: TownshipInfo | None = None
    """The township whose ground it is, where that is another than the one that the form is of."""

    @property
    def doubtful(self) -> bool:
        """Whether somebody has to look first."""
        return bool(
            self.unknown or self.options or self.from_photo or self.typed or self.duplicates
            or self.moved or self.handed
            or (not self.owner and (self.outside or (self.where and self.where.others)))
        )  # fmt: skip

    @property
    def moved(self) -> bool:
        """Whether the report goes to another grid than that of its ground."""
        ground = self.where and self.where.grid.code
        return self.owner is not None and self.owner.card.code != ground

    @property
    def community(self) -> str | None:
        """Code of the community that the report goes to."""
        if self.owner:
            return self.owner.card.community_code
        return self.where.grid.community_code if self.where else None

    @property
    def mark(self) -> str:
        """Differs whenever something else would have to be looked at."""
        where = self.where
        shown = [
            where and [where.grid.code, *(o.card.code for o in where.others)],
            self.owner and self.owner.card.code,
            self.outside and self.outside.facts.get("nearest"),
            self.unknown and self.unknown.message,
            [o.get("address") for o in self.options],
            self.from_photo,
            self.typed and [self.lon, self.lat],
            [d.event_id for d in self.duplicates],
            self.handed and self.handed.code,
        ]
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def new_client() -> str:
    """A key for a form that is handed out, so that it is taken once however often it is sent."""
    return secrets.token_urlsafe(18)


def read_draft() -> tuple[Draft, Invalid | None]:
    """The draft in the request's form or address, and what is wrong with its photos."""
    values = request.values
    texts = {name: values.get(name, "").strip() for name in _TEXTS}
    draft = replace(
        Draft(),
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
    files = [f for f in request.files.getlist("photo") if f.filename]
    kept = [_unpacked(v) for v in request.form.getlist("kept") if v]
    found = [*kept, *(_bytes(f) for f in files)]
    if len(found) > MOST_PHOTOS:
        raise Invalid("At most {most_photos} photos are taken.", most_photos=MOST_PHOTOS)
    for data in found:
        picture(data)
    return tuple(found)


def _bytes(file: FileStorage) -> bytes:
    data = file.stream.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise Invalid(
            "The photo is larger than {most_bytes:.0f} MB; choose a smaller one.",
            most_bytes=MOST_BYTES / 1000000.0,
            most=MOST_BYTES,
        )
    return data


def kept(draft: Draft) -> list[str]:
    """The photos as the form hands them back to be sent again, made small and free of their notes."""
    return [base64.b64encode(picture(data).jpeg).decode() for data in draft.photos]


def _unpacked(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Invalid("The photo was lost; choose it again.") from None


@dataclass(frozen=True)
class Going:
    """To which township a draft goes."""

    place: TownshipInfo
    draft: Draft
    """With its spot, where another township's register does not know its address."""
    home: TownshipInfo
    """The one that the form is of."""


def going(session: Session, home: TownshipInfo, draft: Draft) -> Going:
    """To the township whose ground the draft's place is, if it is one's; else to that of the form.

    Raises
    ------
    Invalid
        The position is none.
    """
    here = Going(home, draft, home)
    if len(plans.townships(session)) < 2:
        return here
    found = _spot(session, home, draft)
    if found.lon is None or found.lat is None:
        return here
    there = township_at(session, found.lon, found.lat, own=home.id)
    if there is None or there.id == home.id:
        return here
    return Going(there, replace(draft, spot=f"{found.lon!r} {found.lat!r}"), home)


def look(session: Session, to: Going, *, at: datetime | None = None) -> ReportPreview:
    """Where the draft's place is, whose it is, and what was reported near it.

    A chosen candidate goes before a position, that before an address, and that before a photo's own.

    Raises
    ------
    Invalid
        The position is none, or lies outside the township; the matter is not on the list of the day.
    """
    place, draft = to.place, to.draft
    found = _spot(session, place, draft)
    if place.id != to.home.id:
        found = replace(found, handed=place)
    lon, lat = found.lon, found.lat
    if lon is None or lat is None:
        return found
    check_inside(session, place, lon, lat)
    at = at or datetime.now(UTC)
    found = replace(found, owner=_owner(session, place, lon, lat, at))
    if not draft.matter:
        return found
    matter_id = matter_on(session, place.id, draft.matter, at, community=found.community)
    near = candidates(
        session, place.id, matter_id, lon, lat, at=at, text_=draft.text or None, most=4
    )
    return replace(found, duplicates=tuple(near))


def received(session: Session, to: Going, looked: ReportPreview, by: CaseActor) -> Received:
    """Take the draft in as a report; raises as `take_in`, and `Invalid` where nothing says what or where."""
    place, draft = to.place, to.draft
    if not draft.matter:
        raise Invalid("Choose what it is.")
    if looked.lon is None and not draft.address:
        raise Invalid("Say where it is: give your position, or write an address.")
    at = (looked.lon, looked.lat) if looked.lon is not None and looked.lat is not None else None
    report = Report(
        draft.matter, at, draft.text, draft.address, draft.source or _source(to, by), draft.contact,
        photos=draft.photos, client_id=f"form:{draft.client}",
        emergency=draft.emergency and by != RESIDENT,
    )  # fmt: skip
    return take_in(session, place, report, by)


def _source(to: Going, by: CaseActor) -> str:
    if by != RESIDENT:
        return "网格员上报"
    # Who works in the township that hands it over has no post in this one.
    worker = to.place.id != to.home.id and "handle_events" in asker().rights
    return f"{to.home.name}移交" if worker else "居民上报"


def _spot(session: Session, place: TownshipInfo, draft: Draft) -> ReportPreview:
    find = partial(in_snapshot, in_force(place.code)[0].snapshot)
    if draft.spot:
        x, _, y = draft.spot.partition(" ")
        return _at(find, lookup.number(x, "lon"), lookup.number(y, "lat"))
    if draft.lon or draft.lat:
        lon, lat = lookup.number(draft.lon, "lon"), lookup.number(draft.lat, "lat")
        return _at(find, *lookup.in_wgs84(lon, lat, draft.datum))
    if draft.address:
        return _named(session, place, find, draft)
    noted = (picture(data).lonlat for data in draft.photos)
    at = next((lonlat for lonlat in noted if lonlat), None)
    return replace(_at(find, *at), from_photo=True) if at else ReportPreview()


def _owner(
    session: Session, place: TownshipInfo, lon: float, lat: float, at: datetime
) -> OwnedThing | None:
    snapshot = in_force(place.code)[0].snapshot
    about_to_report(session)
    claim = claimed(session, snapshot.plan.id, lon, lat, at)
    card = snapshot.cards.get(claim.grid_code) if claim else None
    return OwnedThing(claim.asset, card) if claim and card else None


def _named(session: Session, place: TownshipInfo, find: lookup.Find, draft: Draft) -> ReportPreview:
    if typed := lookup.typed_points(draft.address):
        looks = [_at(find, *lookup.in_wgs84(lon, lat, draft.datum)) for lon, lat in typed]
        return replace(next((each for each in looks if each.where), looks[0]), typed=True)
    try:
        where = lookup.by_address(session, place.id, find, draft.address).where
    except AmbiguousAddress as several:
        listed = several.facts.get("candidates")
        options = listed if isinstance(listed, list) else []
        placed = tuple(o for o in options if o["lon"] is not None)
        return ReportPreview(options=placed, unknown=None if placed else several)
    except OutsideCoverage as outside:
        lon, lat = outside.facts.get("lon"), outside.facts.get("lat")
        if isinstance(lon, float) and isinstance(lat, float):
            return ReportPreview(lon, lat, outside=outside)
        return ReportPreview(outside=outside)
    except (NotFound, Invalid) as unknown:
        return ReportPreview(unknown=unknown)
    return ReportPreview(where.lon, where.lat, where)


def _at(find: lookup.Find, lon: float, lat: float) -> ReportPreview:
    try:
        where = lookup.by_point(find, lon, lat).where
    except OutsideCoverage as outside:
        return ReportPreview(lon, lat, outside=outside)
    return ReportPreview(lon, lat, where)
