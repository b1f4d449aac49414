"""The same thing again: somebody adds to what was reported; and is a place the township's at all?"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from gisgrid.cases.cases import CaseActor, CaseNow, Details, case_of_event, next_steps, take_step
from gisgrid.cases.flow import current_flow, flow_by_id
from gisgrid.cases.intake import clean, keep_photos, point_of
from gisgrid.cases.photos import picture
from gisgrid.core.errors import Invalid, NotAllowed
from gisgrid.core.messages import Both
from gisgrid.core.plans import TownshipInfo


def add_to(
    session: Session,
    event_id: int,
    by: CaseActor,
    *,
    text_: str | None,
    photos: tuple[bytes, ...],
    client_id: str,
    emergency: bool = False,
) -> CaseNow:
    """Note on the case of an event that somebody saw the same thing, with their words and photos.

    Sent twice with one ``client_id`` it is noted once.

    Parameters
    ----------
    emergency
        Whoever may turns the case into an emergency with it; anybody else's note says that it is one.

    Raises
    ------
    NotFound
        No such event, or it has no case.
    NotAllowed
        The roles may not add to it.
    Invalid
        As `take_in` for texts and photos.
    """
    pictures = [picture(data) for data in photos]
    now = case_of_event(session, event_id)
    step = next((s for s in next_steps(session, now, by) if s.means == "note"), None)
    if step is None:
        raise NotAllowed("Your roles may not add to this case.")
    note = clean(text_) or "再次上报 · reported again"
    now = take_step(
        session, now.id, step.name, by,
        details=Details(note=f"【紧急 · urgent】{note}" if emergency else note, client_id=client_id),
    )  # fmt: skip
    keep_photos(session, event_id, pictures, by)
    turn = next((s for s in next_steps(session, now, by) if s.means == "change_flow"), None)
    other = current_flow(session, now.township_id, "emergency") if emergency and turn else None
    if turn is None or other is None or other.kind == flow_by_id(session, now.flow_id).kind:
        return now
    details = Details(reason="再次上报为紧急 · reported as urgent", flow_id=other.id)
    return take_step(session, now.id, turn.name, by, details=details)


def check_inside(session: Session, place: TownshipInfo, lon: float, lat: float) -> None:
    """Refuse a spot beyond the township's boundary; on it is inside.

    Raises
    ------
    Invalid
        It lies outside, or is no longitude and latitude.
    """
    inside = session.scalar(text(_INSIDE), {"t": place.id, **point_of((lon, lat))})
    if inside is False:
        raise Invalid(
            "This place lies outside {town}; report it where it belongs.",
            town=Both(place.name_en or place.name, place.name),
            lon=lon,
            lat=lat,
        )


_INSIDE = """
SELECT ST_Covers(geom, ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)) FROM area WHERE id = :t
"""
