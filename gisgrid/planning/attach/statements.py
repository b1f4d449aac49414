"""The statements that attach houses or events, for one kind and for all or some of them.

Their values are those of `Rule` and, where only some are meant, ``ids``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Delete,
    Float,
    Integer,
    Select,
    Table,
    Text,
    Update,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
    text,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert

from gisgrid.db.tables import Asset, Event, EventGrid, Grid, Plan, Township
from gisgrid.planning.attach.rule import Kind

_TABLES = Event.metadata.tables
_ANSWERS = ("grid_id", "exclusive_grid_id", "border_m")


@dataclass(frozen=True)
class Attaching:
    """The statements about one kind of places."""

    kind: Kind
    some: bool = False
    """Only the places ``:ids``."""

    @property
    def place(self) -> Table:
        return _TABLES[self.kind]

    @property
    def answers(self) -> Table:
        """Where it is kept which grid a place lies in, under each plan."""
        return _TABLES[f"{self.kind}_grid"]

    @property
    def key(self) -> Column[int]:
        """The place of an answer."""
        return self.answers.c[f"{self.kind}_id"]

    def forget(self) -> Delete:
        """Takes away the answers of places that lost their point."""
        # Which ones did is asked first: nothing is known yet of how many rows a new plan has.
        lost = (
            select(self.place.c.id)
            .where(self.meant(), self.place.c.location_status != _OK)
            .cte("lost")
            .prefix_with("MATERIALIZED")
        )
        return delete(self.answers).where(self.answers.c.plan_id == _PLAN, self.key == lost.c.id)

    def attach(self) -> Insert:
        """Gives each located place its grid, the grid above it and the metres to a near border."""
        place = (
            select(self.place.c.id, self.place.c.geom)
            .where(self.meant(), self.place.c.location_status == _OK)
            .cte("place")
            .prefix_with("MATERIALIZED")
        )
        about = _ABOUT.cte("about").prefix_with("MATERIALIZED")
        own, over, near = _OWN.cte("own"), _OVER.cte("over"), _NEAR.cte("near")
        found = (
            select(
                _PLAN, place.c.id, own.c.grid_id, over.c.grid_id,
                case((near.c.border_m <= bindparam("near_m", type_=Float), near.c.border_m)),
            )
            .select_from(place)
            .outerjoin(own, own.c.id == place.c.id)
            .outerjoin(over, over.c.id == place.c.id)
            .outerjoin(near, near.c.id == place.c.id)
            .add_cte(place, about)
        )  # fmt: skip
        return self._kept(found)

    def drop(self) -> Delete:
        """Takes away all answers under a plan."""
        return delete(self.answers).where(self.answers.c.plan_id == _PLAN)

    def on_ground(self) -> Select[int]:
        """Up to ``:most`` located places on polygons (``:wkb``, in hex) or near their borders."""
        ground = _GROUND.cte("ground").prefix_with("MATERIALIZED")
        here = and_(
            self.place.c.geom.intersects(ground.c.box),
            self.place.c.township_id == ground.c.township_id,
            self.place.c.location_status == _OK,
        )
        return (
            select(self.place.c.id)
            .distinct()
            .join_from(ground, self.place, here)
            .limit(bindparam("most", type_=Integer))
        )

    def compare(self) -> Insert:
        """Keeps what the table ``answer`` says, where it is another than before."""
        answer = table(
            "answer", column("plan_id", BigInteger), column(self.key.name, BigInteger),
            column("grid_id", BigInteger), column("exclusive_grid_id", BigInteger), column("border_m", Float),
        )  # fmt: skip
        known = self.answers.alias("known")
        same = exists().where(
            known.c.plan_id == answer.c.plan_id,
            known.c[self.key.name] == answer.c[self.key.name],
            tuple_(*(known.c[name] for name in _ANSWERS)).is_not_distinct_from(
                tuple_(*(answer.c[name] for name in _ANSWERS))
            ),
        )
        return self._kept(select(*answer.c).where(~same))

    def unasked(self) -> Select[int]:
        """Up to ``:most`` located places that were never asked under a plan."""
        asked = exists().where(self.answers.c.plan_id == Plan.id, self.key == self.place.c.id)
        return (
            select(self.place.c.id)
            .join(Plan, Plan.township_id == self.place.c.township_id)
            .where(Plan.id == _PLAN, self.place.c.location_status == _OK, ~asked)
            .limit(bindparam("most", type_=Integer))
        )

    def count(self) -> Select[int, int, int, int]:
        """How many places of the plan's township stand where."""
        located, answered = self.place.c.location_status == _OK, self.answers.c
        number = func.count()
        return (
            select(
                number.filter(answered.grid_id.is_not(None)).label("attached"),
                number.filter(and_(located, answered.grid_id.is_(None))).label("outside"),
                number.filter(self.place.c.location_status != _OK).label("unlocated"),
                number.filter(answered.border_m.is_not(None)).label("near_border"),
            )
            .select_from(self.place)
            .outerjoin(self.answers, and_(self.key == self.place.c.id, answered.plan_id == _PLAN))
            .where(
                self.place.c.township_id
                == select(Plan.township_id).where(Plan.id == _PLAN).scalar_subquery()
            )
        )

    def known(self) -> Select[bool]:
        """Whether anything is answered under a plan."""
        return select(exists().where(self.answers.c.plan_id == _PLAN))

    def meant(self) -> ColumnElement[bool]:
        """Which places these are."""
        here = self.place.c.township_id == _TOWNSHIP
        return and_(here, self.place.c.id == any_(_IDS)) if self.some else here

    def _kept(self, found: Select[Any]) -> Insert:
        made = insert(self.answers).from_select(["plan_id", self.key.name, *_ANSWERS], found)
        before = tuple_(*(self.answers.c[name] for name in _ANSWERS))
        return made.on_conflict_do_update(
            index_elements=["plan_id", self.key.name],
            set_={name: made.excluded[name] for name in _ANSWERS},
            where=before.is_distinct_from(tuple_(*(made.excluded[name] for name in _ANSWERS))),
        )


def by_asset(*, some: bool) -> Insert:
    """Gives events about things on the exceptions list the grid of the thing.

    A thing belongs to its grid wherever it stands; so do the events that name it, and those within its
    reach on a day when it is on the list (the nearest thing's).
    """
    attaching = Attaching("event", some)
    meant = attaching.meant()
    spot = (
        select(Event.id, Event.township_id, Event.geom, Event.reported_at)
        .where(meant, Event.asset_id.is_(None), Event.location_status == _OK)
        .cte("spot")
    )
    nearest = _NEAREST.cte("nearest")
    named = select(Event.id, Asset.grid_code).join(Asset, Asset.id == Event.asset_id).where(meant)
    about = union_all(named, select(nearest.c.id, nearest.c.grid_code)).subquery("about")
    found = (
        select(_PLAN, about.c.id, Grid.id)
        .select_from(about)
        .join(Grid, and_(Grid.plan_id == _PLAN, Grid.code == about.c.grid_code))
        .add_cte(spot)
    )
    answers = attaching.answers
    made = insert(answers).from_select(["plan_id", "event_id", "grid_id"], found)
    return made.on_conflict_do_update(
        index_elements=["plan_id", "event_id"],
        set_={"grid_id": made.excluded.grid_id},
        where=answers.c.grid_id.is_distinct_from(made.excluded.grid_id),
    )


def claim() -> Select[str, str]:
    """The thing that reaches a place (``lon``, ``lat``) at a moment (``at``), and its grid."""
    nearest = _NEAREST.cte("nearest")
    return (
        select(Asset.name, Grid.code)
        .select_from(nearest)
        .join(Asset, Asset.id == nearest.c.asset_id)
        .join(Grid, and_(Grid.plan_id == _PLAN, Grid.code == nearest.c.grid_code))
        .add_cte(_SPOT.cte("spot"))
    )


def keep_reported(*, some: bool) -> Update:
    """Writes down at which grid an event was reported, once and for ever.

    That of the plan in force on the day of the report, or of today's where no plan was in force then.
    """
    attaching = Attaching("event", some)
    meant = attaching.meant()
    unkept = (
        select(Event.id, Event.reported_at)
        .where(meant, Event.grid_code.is_(None))
        .cte("unkept")
        .prefix_with("MATERIALIZED")
    )
    other = Plan.__table__.alias("other")
    day = _day(unkept.c.reported_at)
    then = exists().where(other.c.township_id == Plan.township_id, other.c.validity.op("@>")(day))
    found = (
        select(unkept.c.id, Grid.code)
        .select_from(unkept)
        .join(EventGrid, EventGrid.event_id == unkept.c.id)
        .join(Grid, Grid.id == EventGrid.grid_id)
        .join(Plan, Plan.id == EventGrid.plan_id)
        .join(Township, Township.area_id == Plan.township_id)
        .where(
            EventGrid.plan_id == _PLAN,
            or_(
                Plan.validity.op("@>")(day),
                and_(Plan.id.in_(select(_IN_FORCE.c.id)), ~then),
            ),
        )
        .subquery("found")
    )
    event = attaching.place
    return update(event).values(grid_code=found.c.code).where(event.c.id == found.c.id)


def _day(moment: ColumnElement[datetime]) -> ColumnElement[date]:
    """The day of a moment in the township's time."""
    return cast(func.timezone(Township.time_zone, moment), Date)


_PLAN = bindparam("plan", type_=BigInteger)
_TOWNSHIP = bindparam("township", type_=BigInteger)
_IDS = bindparam("ids", type_=ARRAY(BigInteger))
_OK: ColumnElement[str] = literal_column("'ok'", Text)
_IN_FORCE = table("plan_in_force", column("id", BigInteger))
# Metres to the nearest border: a straight line in degrees is kept within 2 cm of its image in the
# metric CRS by pieces of about 1 km (0.01 degrees), as in locate.borders.
_ABOUT = text("""
    SELECT o.id, o.geom, g.id AS grid_id, g.code, g.kind, g.geom AS ground
    FROM place o JOIN grid g ON g.plan_id = :plan AND g.geom && ST_Expand(o.geom,
        reach_in_degrees(CAST(:near_m AS float8), ST_Y(o.geom)))
""").columns()
_OWN = text("""
    SELECT DISTINCT ON (id) id, grid_id FROM about
    WHERE (kind = 'basic' OR NOT :overlay) AND ST_Covers(ground, geom)
    ORDER BY id, code COLLATE "C"
""").columns(column("id", BigInteger), column("grid_id", BigInteger))
_OVER = text("""
    SELECT DISTINCT ON (id) id, grid_id FROM about
    WHERE :overlay AND kind = 'exclusive' AND ST_Covers(ground, geom)
    ORDER BY id, code COLLATE "C"
""").columns(column("id", BigInteger), column("grid_id", BigInteger))
_NEAR = text("""
    SELECT id, min(ST_Distance(ST_Transform(geom, :srid), ST_Transform(
        ST_Segmentize(ST_Boundary(ground), 0.01), :srid))) AS border_m
    FROM about GROUP BY id
""").columns(column("id", BigInteger), column("border_m", Float))
_NEAREST = text("""
    SELECT id, asset_id, grid_code FROM (
        SELECT DISTINCT ON (o.id) o.id, s.id AS asset_id, s.grid_code, far.m <= s.reach_m AS reached
        FROM asset s JOIN township t ON t.area_id = s.township_id
        JOIN spot o ON o.township_id = s.township_id AND o.geom && ST_Expand(s.geom,
            s.reach_m / (110500 * cos(radians(least(abs(ST_Y(s.geom)) + 0.2, 89)))))
        CROSS JOIN LATERAL (SELECT ST_Distance(
            ST_Transform(o.geom, :srid), ST_Transform(s.geom, :srid)) AS m) far
        WHERE s.township_id = :township AND s.reach_m > 0
          AND s.during @> (o.reported_at AT TIME ZONE t.time_zone)::date
        ORDER BY o.id, far.m <= s.reach_m DESC, far.m, s.code COLLATE "C"
    ) near WHERE reached
""").columns(column("id", BigInteger), column("asset_id", BigInteger), column("grid_code", Text))
_GROUND = text("""
    SELECT p.township_id, ST_Expand(g.geom, reach_in_degrees(t.near_border_m,
        greatest(abs(ST_YMin(g.geom)), abs(ST_YMax(g.geom))) + 0.01)) AS box
    FROM plan p JOIN township t ON t.area_id = p.township_id
    CROSS JOIN (SELECT ST_SetSRID(ST_GeomFromWKB(decode(w.hex, 'hex')), 4326) AS geom
                FROM unnest(CAST(:wkb AS text[])) AS w(hex)) AS g
    WHERE p.id = :plan
""").columns(column("township_id", BigInteger), column("box", Geometry))
_SPOT = text("""
    SELECT 0 AS id, CAST(:township AS bigint) AS township_id,
        ST_SetSRID(ST_MakePoint(:lon, :lat), 4326) AS geom, CAST(:at AS timestamptz) AS reported_at
""").columns()
