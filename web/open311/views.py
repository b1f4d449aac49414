"""Open311 GeoReport v2 under ``/open311/v2``: other systems list, follow and send in reports.

As the standard has it but for one thing: a list of requests needs a key, for events are no public data.
Whoever sent one in follows it by the ticket that it was answered with, without a key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, request, url_for
from flask_babel import gettext
from flask_smorest import Api, Blueprint
from marshmallow import Schema
from sqlalchemy.orm import Session

from gisgrid.cases.cases import RESIDENT
from gisgrid.cases.duplicates import key_of_repeat
from gisgrid.cases.matters import Major, Minor, offered
from gisgrid.cases.photos import MOST_BYTES
from gisgrid.cases.preview import ReportDraft, going, look, received
from gisgrid.cases.refusals import NotOnTheList
from gisgrid.cases.service_requests import ServiceRequest, service_requests
from gisgrid.cases.tracking import Followed, follow
from gisgrid.core.errors import Invalid, NotFound
from gisgrid.core.plans import TownshipInfo
from gisgrid.locate.lookup import number
from web.http.acting import acting_by, as_public
from web.http.db import opening, reading, writing
from web.http.errors import own_forms
from web.http.language import language
from web.http.limits import WRONG_TICKETS, hold
from web.http.permissions import asker
from web.http.refused_requests import keep_demand
from web.http.responses import outside
from web.http.towns import TownNotSaid, town
from web.open311 import forms, schemas
from web.open311.forms import FORMS, PREFIX, answered
from web.report.form import MOST_PHOTOS, snapshot_of
from web.report.messages import STEPS, doubt_words, step_words

SPAN = timedelta(days=90)
MOST_IDS = 50
STATUSES = ("open", "closed")
SOURCE = "Open311"
# Three groups of four; two of five in a ticket of before.
_TICKET = re.compile(
    r"[2-9A-HJKMNP-Z]{4}(-?[2-9A-HJKMNP-Z]{4}){2}|[2-9A-HJKMNP-TV-Z]{5}-?[2-9A-HJKMNP-TV-Z]{5}"
)
_URL = re.compile(r"https?://[^\s<>\"]{3,500}")

View = Callable[..., Response]

blueprint = Blueprint(
    "open311", __name__, url_prefix=PREFIX, description="Open311 GeoReport v2, JSON and XML"
)


def init_app(app: Flask, api: Api) -> None:
    """The ways in the API's document; a limit on tickets that are none for whoever has no key."""
    api.register_blueprint(blueprint)
    own_forms(app)[PREFIX] = forms.refused
    for endpoint in ("open311.one_request", "open311.token"):
        hold(app, endpoint, WRONG_TICKETS, scope="tickets", when=lambda r: r.status_code == 404)


def way(
    path: str, shape: Schema, query: Schema, *, method: str = "GET", form: bool = False
) -> Callable[[View], View]:
    """A way of the standard: documented with both forms, answered by the view itself."""
    refusals = {"schema": schemas.Refusal(many=True)}
    both = {
        "application/json": {"schema": shape},
        "text/xml": {"schema": {"type": "string"}},
    }
    told_no = {"application/json": refusals, "text/xml": {"schema": {"type": "string"}}}
    responses: dict[str, Any] = {"200": {"description": "OK", "content": both}}
    for status in ("400", "403", "404", "429", "503"):
        responses[status] = {"description": "refused", "content": told_no}
    parameter = {"in": "path", "name": "form", "required": True,
                 "schema": {"type": "string", "enum": list(FORMS)}}  # fmt: skip

    def decorate(view: View) -> View:
        where = "form" if form else "query"
        asked = blueprint.arguments(query, location=where, as_kwargs=True, error_status_code=400)
        made: View = blueprint.route(
            f"{path}.<any(json, xml):form>", methods=[method], parameters=[parameter]
        )(blueprint.doc(responses=responses)(asked(view)))
        return made

    return decorate


@way("/discovery", schemas.Discovery(), schemas.JurisdictionQuery())
def discovery(form: str, **_: object) -> Response:
    """Where the service is and which forms it speaks."""
    here = outside(request.script_root + PREFIX)
    return answered(
        form,
        "discovery",
        {
            "changeset": "2026-11-25T00:00:00Z",
            "contact": gettext("The township's service centre"),
            "key_service": gettext("The township's administrator gives keys."),
            "endpoints": [
                {
                    "specification": "http://wiki.open311.org/GeoReport_v2",
                    "url": here,
                    "changeset": "2026-11-25T00:00:00Z",
                    "type": "production",
                    "formats": ["text/xml", "application/json"],
                }
            ],
        },
    )


@way("/services", schemas.Service(many=True), schemas.JurisdictionQuery())
def services(form: str, *, jurisdiction_id: str | None = None, **_: object) -> Response:
    """The items of today's list of matters."""
    with reading() as session:
        place = _township(session, jurisdiction_id)
        majors = offered(session, place.id, datetime.now(UTC))
    return answered(
        form, "services", [_service(major, minor) for major in majors for minor in major.minors]
    )


@way("/services/<path:service_code>", schemas.Definition(), schemas.JurisdictionQuery())
def definition(
    form: str, service_code: str, *, jurisdiction_id: str | None = None, **_: object
) -> Response:
    """An item by its code; none asks for more than the standard's own fields."""
    with reading() as session:
        _on_list(session, _township(session, jurisdiction_id), service_code)
    return answered(form, "service_definition", {"service_code": service_code, "attributes": []})


@way("/requests", schemas.Request(many=True), schemas.RequestsQuery())
def requests(
    form: str,
    *,
    jurisdiction_id: str | None = None,
    service_request_id: str | None = None,
    service_code: str | None = None,
    start_date: str | None = None,
    end_date: str | None = None,
    status: str | None = None,
    page: int = 1,
    page_size: int = 1000,
    **_: object,
) -> Response:
    """Requests that the key's account may see, the newest first; by their tickets, those of anybody."""
    since, until = _span(start_date, end_date)
    open_ = _state(status)
    with _opened() as session:
        place = _township(session, jurisdiction_id)
        if ids := _words(service_request_id):
            if len(ids) > MOST_IDS:
                raise Invalid("At most {most_ids} ids are taken at once.", most_ids=MOST_IDS)
            rows = [row for each in ids for row in _by_id(session, place, each)]
        else:
            found = service_requests(
                session, place.id, matters=_words(service_code), since=since, until=until,
                open_=open_, most=page_size, skip=(page - 1) * page_size,
            ) if asker() else []  # fmt: skip
            rows = [_listed(place, each) for each in found]
    return answered(form, "service_requests", rows)


@way(
    "/requests/<string:service_request_id>", schemas.Request(many=True), schemas.JurisdictionQuery()
)
def one_request(
    form: str, service_request_id: str, *, jurisdiction_id: str | None = None, **_: object
) -> Response:
    """One request by its code, for a key whose account may see it; by its ticket, for anybody."""
    with _opened() as session:
        rows = _by_id(session, _township(session, jurisdiction_id), service_request_id)
    if not rows:
        raise NotFound("There is no such request, or your key may not see it.")
    return answered(form, "service_requests", rows)


@way("/tokens/<string:token>", schemas.Token(many=True), schemas.JurisdictionQuery())
def token(form: str, token: str, **_: object) -> Response:
    """The id behind a token: with us a ticket is both."""
    with reading() as session:
        ticket = follow(session, token).ticket
    response = answered(form, "service_requests", [{"service_request_id": ticket, "token": token}])
    response.headers["Cache-Control"] = "no-store"
    return response


@way("/requests", schemas.Receipt(many=True), schemas.NewRequest(), method="POST", form=True)
def create(form: str, **sent: str) -> Response:
    """Take in a request; what it is answered with follows it, without a key."""
    code, address = sent.get("service_code", ""), sent.get("address_string", "").strip()
    if not code:
        raise Invalid("service_code was not provided.")
    code = code.replace("\0", "?")  # which the store does not take
    draft = ReportDraft(
        matter=code, lon=sent.get("long", ""), lat=sent.get("lat", ""), address=address,
        text=_text(sent) or "", contact=_contact(sent) or "", photos=_media(),
    )  # fmt: skip
    if bool(draft.lon) != bool(draft.lat) or not (draft.lon or address):
        raise Invalid("Provide lat and long, or address_string.")
    given = _key(sent.get("client_id", ""))
    try:
        with reading() as session:
            to = going(session, _receiver(session, draft, sent), draft, snapshot_of)
            place = to.place
            by = acting_by(session, place.id)
        if by == RESIDENT and place.id != to.home.id:
            as_public()
        with writing() as session:
            where = (draft.lon.strip(), draft.lat.strip(), address)
            said = (code, *where, draft.text or None, draft.contact or None)
            key = given or key_of_repeat(session, place.id, f"open311:{asker().name}", *said)
            looked = look(session, to, snapshot_of)
            got = received(session, to, looked, by, source=SOURCE, client_id=key)
    except NotOnTheList as refused:
        keep_demand(refused, asker().name, *([given, code] if given else []))
        raise _unknown(code) from refused
    # A program cannot be shown what a person would have to look at first: it is told. Sent once more, a report
    # finds itself.
    others = tuple(d for d in looked.duplicates if d.event_id != got.landed.event_id)
    looked = replace(looked, duplicates=others)
    notice = " ".join(doubt_words(looked)) or None
    receipt = {
        "service_request_id": got.case.ticket, "service_notice": notice, "account_id": None
    }  # fmt: skip
    return answered(form, "service_requests", [receipt])


def _opened() -> Any:
    """A transaction in which descriptions are open to who may see them, on the record."""
    return opening("event") if "see_events" in asker().rights else reading()


def _township(
    session: Session, code: str | None, at: tuple[float, float] | None = None
) -> TownshipInfo:
    try:
        return town(session, named=code or None, at=at)
    except TownNotSaid as several:
        codes = ", ".join(several.townships)
        raise Invalid("jurisdiction_id was not provided; known: {codes}.", codes=codes) from several


def _receiver(session: Session, draft: ReportDraft, sent: dict[str, str]) -> TownshipInfo:
    """The township that a request is sent to; without a jurisdiction, that of its place."""
    at = None
    if draft.lon and draft.lat:
        at = (number(draft.lon, "long"), number(draft.lat, "lat"))
    return _township(session, sent.get("jurisdiction_id"), at)


def _on_list(session: Session, place: TownshipInfo, code: str) -> None:
    majors = offered(session, place.id, datetime.now(UTC))
    if code not in {minor.code for major in majors for minor in major.minors}:
        raise _unknown(code)


def _unknown(code: str) -> NotFound:
    return NotFound("service_code {shown!r} was not found.", shown=code[:40])


def _service(major: Major, minor: Minor) -> dict[str, object]:
    name, group = _named(minor.name, minor.name_en), _named(major.name, major.name_en)
    return {
        "service_code": minor.code, "service_name": name, "description": f"{group}: {name}",
        "metadata": False, "type": "realtime", "keywords": "", "group": group,
    }  # fmt: skip


def _by_id(session: Session, place: TownshipInfo, wanted: str) -> list[dict[str, object]]:
    if _TICKET.fullmatch(wanted.upper()):
        try:
            found = follow(session, wanted)
        except NotFound:
            return []
        return [_followed(place, found)] if found.case.township_id == place.id else []
    return [_listed(place, each) for each in service_requests(session, place.id, codes=[wanted])]


def _listed(place: TownshipInfo, one: ServiceRequest) -> dict[str, object]:
    notes = gettext(STEPS[one.means]) if one.means in STEPS else None
    if one.why:
        notes = f"{notes} {one.why}" if notes else one.why
    photo = one.photo and outside(url_for("report.thumbnail", photo_id=one.photo))
    return {
        **_request(place, one.code, one.open, notes, (one.matter_code, one.matter, one.matter_en)),
        "description": one.text, "agency_responsible": one.office,
        "requested_datetime": _moment(place, one.reported_at),
        "updated_datetime": _moment(place, one.changed_at),
        "expected_datetime": one.due_at and _moment(place, one.due_at),
        "address": one.address, "lat": one.lat, "long": one.lon, "media_url": photo,
    }  # fmt: skip


def _followed(place: TownshipInfo, one: Followed) -> dict[str, object]:
    case, last = one.case, one.steps[-1]
    # What another case was sent to before this one was merged into it is not among the steps.
    sent = (
        None if one.joined_id else next((s.office for s in reversed(one.steps) if s.office), None)
    )
    matter = one.matter_code, one.matter, one.matter_en
    return {
        **_request(place, one.ticket, case.open, step_words(last), matter),
        "agency_responsible": case.office or sent,
        "requested_datetime": _moment(place, one.reported_at),
        "updated_datetime": _moment(place, case.changed_at),
        "expected_datetime": one.due_at and _moment(place, one.due_at),
    }


def _request(
    place: TownshipInfo,
    number: str,
    is_open: bool,
    notes: str | None,
    matter: tuple[str, str, str | None],
) -> dict[str, object]:
    return {
        "service_request_id": number, "status": "open" if is_open else "closed",
        "status_notes": notes, "service_name": _named(*matter[1:]), "service_code": matter[0],
        "description": None, "agency_responsible": None, "service_notice": None,
        "requested_datetime": None, "updated_datetime": None, "expected_datetime": None,
        "address": None, "address_id": None, "zipcode": None, "lat": None, "long": None,
        "media_url": None,
    }  # fmt: skip


def _named(name: str, name_en: str | None) -> str:
    return (language() == "en" and name_en) or name


def _moment(place: TownshipInfo, at: datetime) -> str:
    return at.astimezone(ZoneInfo(place.time_zone)).isoformat(timespec="seconds")


def _words(text: str | None) -> list[str] | None:
    found = [word.strip() for word in (text or "").split(",") if word.strip()]
    return found or None


def _state(text: str | None) -> bool | None:
    wanted = set(_words(text) or STATUSES)
    if not wanted <= set(STATUSES):
        raise Invalid("status is open, closed, or both.")
    return None if len(wanted) == 2 else "open" in wanted


def _span(start: str | None, end: str | None) -> tuple[datetime, datetime]:
    since, until = _date("start_date", start), _date("end_date", end)
    try:
        until = until or (since + SPAN if since else datetime.now(UTC))
        since = since or until - SPAN
    except OverflowError:
        raise Invalid("The span of time is none.") from None
    if not timedelta(0) <= until - since <= SPAN:
        raise Invalid(
            "From start_date to end_date there may be {days} days at most.", days=SPAN.days
        )
    return since, until


def _date(name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        # A plus sign in an address that was not escaped arrives as a space.
        found = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid(
            "{name} is a W3C date and time with its zone, such as 2023-01-01T00:00:00Z.", name=name
        )
    return found


def _text(sent: dict[str, str]) -> str | None:
    words, link = sent.get("description", ""), sent.get("media_url", "").strip()
    if link and not _URL.fullmatch(link):
        raise Invalid("media_url is no http address.")
    return "\n".join(filter(None, [words.strip(), link and f"media_url: {link}"])) or None


def _contact(sent: dict[str, str]) -> str | None:
    parts: Sequence[str] = [
        sent.get(n, "").strip() for n in ("first_name", "last_name", "phone", "email")
    ]
    return " ".join(filter(None, parts))[:200] or None


def _key(sent: str) -> str | None:
    # Of this account alone: whoever sends another's key must not get another's ticket.
    return f"open311:{asker().name}:{sent[:64]}" if sent else None


def _media() -> tuple[bytes, ...]:
    files = [f for f in request.files.getlist("media") if f.filename]
    return tuple(f.stream.read(MOST_BYTES + 1) for f in files[:MOST_PHOTOS])
