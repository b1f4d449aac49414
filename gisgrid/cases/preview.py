"""Where would a report go, and what of it has to be looked at before it is sent?

The page for residents, the form of the telephone and Open311 ask the same: `going` says whose ground it
is, `look` what is there, `ReportPreview.doubts` what somebody has to look at first, `received` takes it in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from gisgrid.cases.cases import RESIDENT, CaseActor
from gisgrid.cases.duplicates import DuplicateCandidate, candidates
from gisgrid.cases.intake import Received, Report, about_to_report, take_in
from gisgrid.cases.matters import matter_on
from gisgrid.cases.photos import picture
from gisgrid.cases.supplements import check_inside
from gisgrid.core import plans
from gisgrid.core.errors import AmbiguousAddress, GisgridError, Invalid, NotFound, OutsideCoverage
from gisgrid.core.plans import TownshipInfo
from gisgrid.locate import lookup
from gisgrid.locate.point_lookup import LookupCard, PointLookup, Snapshot, in_snapshot
from gisgrid.planning.attach.attach import claimed
from gisgrid.planning.overview.ground import township_at

SnapshotOf = Callable[[TownshipInfo], Snapshot]
"""The plan in force of a township, in memory; NotFound if it has none."""


@dataclass(frozen=True)
class ReportDraft:
    """What was filled in or sent to report; empty texts for what was not."""

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
    def doubts(self) -> tuple[str, ...]:
        """What somebody has to look at first, by name; empty: it may be sent as it is."""
        found = {
            "address_unknown": self.unknown,
            "several_addresses": self.options,
            "place_of_photo": self.from_photo,
            "coordinates_typed": self.typed,
            "reported_before": self.duplicates,
            "grid_of_thing": self.moved,
            "other_township": self.handed,
            "in_no_grid": self.outside and not self.owner,
            "near_border": self.where and self.where.others and not self.owner,
        }
        return tuple(name for name, there in found.items() if there)

    def to_look_at(self, seen: str) -> bool:
        """Whether somebody has to look first, and was not shown just this before (``seen`` is a `mark`)."""
        return bool(self.doubts) and seen != self.mark

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


@dataclass(frozen=True)
class Going:
    """To which township a draft goes."""

    place: TownshipInfo
    draft: ReportDraft
    """With its spot, where another township's register does not know its address."""
    home: TownshipInfo
    """The one that the form is of."""


def going(
    session: Session, home: TownshipInfo, draft: ReportDraft, snapshot_of: SnapshotOf
) -> Going:
    """To the township whose ground the draft's place is, if it is one's; else to that of the form.

    Raises
    ------
    Invalid
        The position is none.
    """
    here = Going(home, draft, home)
    if len(plans.townships(session)) < 2:
        return here
    found = _spot(session, home, draft, snapshot_of)
    if found.lon is None or found.lat is None:
        return here
    there = township_at(session, found.lon, found.lat, own=home.id)
    if there is None or there.id == home.id:
        return here
    return Going(there, replace(draft, spot=f"{found.lon!r} {found.lat!r}"), home)


def look(
    session: Session, to: Going, snapshot_of: SnapshotOf, *, at: datetime | None = None
) -> ReportPreview:
    """Where the draft's place is, whose it is, and what was reported near it.

    A chosen candidate goes before a position, that before an address, and that before a photo's own.

    Raises
    ------
    Invalid
        The position is none, or lies outside the township; the matter is not on the list of the day.
    """
    place, draft = to.place, to.draft
    found = _spot(session, place, draft, snapshot_of)
    if place.id != to.home.id:
        found = replace(found, handed=place)
    lon, lat = found.lon, found.lat
    if lon is None or lat is None:
        return found
    check_inside(session, place, lon, lat)
    at = at or datetime.now(UTC)
    found = replace(found, owner=_owner(session, snapshot_of(place), lon, lat, at))
    if not draft.matter:
        return found
    matter_id = matter_on(session, place.id, draft.matter, at, community=found.community)
    near = candidates(
        session, place.id, matter_id, lon, lat, at=at, text_=draft.text or None, most=4
    )
    return replace(found, duplicates=tuple(near))


def received(
    session: Session,
    to: Going,
    looked: ReportPreview,
    by: CaseActor,
    *,
    source: str,
    client_id: str,
) -> Received:
    """Take the draft in as a report; raises as `take_in`, and `Invalid` where nothing says what or where."""
    place, draft = to.place, to.draft
    if not draft.matter:
        raise Invalid("Choose what it is.")
    if looked.lon is None and not draft.address:
        raise Invalid("Say where it is: give your position, or write an address.")
    at = (looked.lon, looked.lat) if looked.lon is not None and looked.lat is not None else None
    report = Report(
        draft.matter, at, draft.text, draft.address, source, draft.contact, photos=draft.photos,
        client_id=client_id, emergency=draft.emergency and by != RESIDENT,
    )  # fmt: skip
    return take_in(session, place, report, by)


def usual_source(to: Going, by: CaseActor, *, worker: bool) -> str:
    """Where a report comes from that says nothing of it.

    ``worker``: whoever sends it handles events somewhere; of a township that hands it over they have no
    post in this one.
    """
    if by != RESIDENT:
        return "网格员上报"
    return f"{to.home.name}移交" if worker and to.place.id != to.home.id else "居民上报"


def _spot(
    session: Session, place: TownshipInfo, draft: ReportDraft, snapshot_of: SnapshotOf
) -> ReportPreview:
    find = partial(in_snapshot, snapshot_of(place))
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
    session: Session, snapshot: Snapshot, lon: float, lat: float, at: datetime
) -> OwnedThing | None:
    about_to_report(session)
    claim = claimed(session, snapshot.plan.id, lon, lat, at)
    card = snapshot.cards.get(claim.grid_code) if claim else None
    return OwnedThing(claim.asset, card) if claim and card else None


def _named(
    session: Session, place: TownshipInfo, find: lookup.Find, draft: ReportDraft
) -> ReportPreview:
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
