"""From facts to answers: which status each failure has, and how it is told.

Below ``/api`` a failure is an RFC 9457 problem document; elsewhere a page with the same facts in
words. What we did not foresee is told as such: its text may quote rows, and rows hold people.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import psycopg
from flask import Flask, Response, current_app, json, render_template, request
from flask_babel import gettext
from sqlalchemy.exc import DataError, DBAPIError
from werkzeug.exceptions import BadHost, HTTPException, SecurityError
from werkzeug.http import HTTP_STATUS_CODES

from gisgrid.core import errors
from gisgrid.core.failures import failure_of
from gisgrid.core.messages import plain
from web.http.language import said, spoken

PROBLEM_TYPE = "application/problem+json"

STATUS_OF_CLASS: dict[type[errors.GisgridError], int] = {
    errors.GisgridError: 400,
    errors.Invalid: 422,
    errors.NotKnown: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooBusy: 503,
    errors.TooMany: 429,
    errors.StoreUnavailable: 503,
}
"""A subclass has its nearest ancestor's status."""

# https://www.postgresql.org/docs/15/errcodes-appendix.html; five characters, or a class of two.
STATUS_OF_SQLSTATE = {
    "57014": 503,  # query_canceled: the statement timeout
    "40001": 409,  # serialization_failure
    "40P01": 409,  # deadlock_detected
    "42501": 403,  # insufficient_privilege: row-level security or a grant says no
    "GG020": 409,  # nobody would administer any more
    "GG021": 409,  # one's own secrets
    "22": 422,  # data exception: a value the types cannot hold
    "23": 409,  # integrity constraint violation
    "08": 503,  # connection exception
    "53": 503,  # insufficient resources
    "57": 503,  # operator intervention: shutting down
}


class ProblemDocument(NamedTuple):
    """A failure as it is told, whatever the form."""

    status: int
    kind: str
    """Last part of the problem's type; empty where the status says all."""
    title: str
    detail: str
    facts: dict[str, object]
    invalid: object = None
    """Messages by parameter, where the request itself was malformed."""


def init_app(app: Flask) -> None:
    app.register_error_handler(Exception, answer)


def status_of(error: errors.GisgridError) -> int:
    return next(STATUS_OF_CLASS[c] for c in type(error).__mro__ if c in STATUS_OF_CLASS)


def status_of_sqlstate(state: str) -> int:
    """The status of a failure that the database reported.

    >>> status_of_sqlstate("57014"), status_of_sqlstate("22003"), status_of_sqlstate("XX000")
    (503, 422, 500)
    """
    return STATUS_OF_SQLSTATE.get(state) or STATUS_OF_SQLSTATE.get(state[:2]) or 500


def problem_of(error: Exception) -> ProblemDocument:
    """What to tell of any failure, in the request's language."""
    if isinstance(error, errors.GisgridError):
        status = status_of(error)
        kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
        detail = said(error)
        title = gettext("Say what for") if isinstance(error, errors.NoPurpose) else _title(status)
        return ProblemDocument(status, kind, title, detail, error.facts)
    if isinstance(error, HTTPException):
        status = error.code or 500
        invalid = getattr(error, "data", {}).get("messages")
        # A limit may say what there was too much of.
        limit = getattr(error, "limit", None)
        own = error.description if limit is not None and limit.error_message else None
        return ProblemDocument(status, "", _title(status), own or _explain(status), {}, invalid)
    if isinstance(error, DBAPIError | psycopg.Error):
        driver = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(driver, "sqlstate", None)
        if state:
            status = status_of_sqlstate(state)
        else:
            # It never got there: a value that cannot be sent (a NUL in a text), or no connection.
            status = 422 if isinstance(error, DataError | psycopg.DataError) else 503
        facts: dict[str, object] = {"sqlstate": state} if state else {}
        failure = failure_of(error) if state in ("GG020", "GG021") else None
        if failure is not None:
            detail = said(failure.said)
        else:
            detail = _explain("full" if state == "53100" else status)
        return ProblemDocument(status, "database", _title(status), detail, facts)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ProblemDocument(503, "disk", _title(503), _explain("full"), {})
    return ProblemDocument(500, "", _title(500), _explain(500), {})


def own_forms(app: Flask) -> dict[str, Callable[[int, str], Response]]:
    """Prefix of the paths of another's standard, to how it tells a status and a sentence."""
    found: dict[str, Callable[[int, str], Response]] = app.extensions.setdefault("refusals", {})
    return found


def answer(error: Exception) -> Response:
    """The answer to any failure, in the form that was asked for."""
    # A redirect is no failure.
    if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
        return error.get_response()  # type: ignore[return-value]
    problem = problem_of(error)
    if problem.status == 500:
        # The kind and place of the error, not its text.
        current_app.logger.error("%s at %s", type(error).__name__, _place(error))
    for prefix, told in own_forms(current_app).items():
        if request.path.startswith(f"{prefix}/"):
            return told(problem.status, problem.detail)
    # The planner's page asks for JSON and says so; a host that is none leaves no addresses for a
    # page to name.
    if (
        request.path.startswith("/api")
        or request.accept_mimetypes.best == "application/json"
        or isinstance(error, BadHost | SecurityError)
    ):
        response = _document(problem)
    else:
        response = Response(
            render_template("error.html", problem=problem, back=_came_from()), problem.status
        )
    if isinstance(error, HTTPException):
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _came_from() -> str | None:
    """Path of the page of ours whose form was sent; None: it was no form, or the browser does not say."""
    came = urlsplit(request.referrer or "")
    if request.method != "POST" or came.netloc != request.host or not came.path.startswith("/"):
        return None
    return came.path + (f"?{came.query}" if came.query else "")


def _document(problem: ProblemDocument) -> Response:
    body: dict[str, object] = {
        "type": f"urn:gisgrid:problem:{problem.kind}" if problem.kind else "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
    }
    if problem.facts:
        body["facts"] = plain(problem.facts, spoken())
    if problem.invalid:
        body["errors"] = problem.invalid
    return Response(json.dumps(body), problem.status, content_type=PROBLEM_TYPE)


def _title(status: int) -> str:
    titles = {
        400: gettext("Bad request"),
        401: gettext("Log in first"),
        403: gettext("Not allowed"),
        404: gettext("Not found"),
        405: gettext("Method not allowed"),
        409: gettext("Conflict with what is stored"),
        413: gettext("Too large"),
        422: gettext("Cannot be used as it is"),
        429: gettext("Too many tries"),
        500: gettext("Our fault"),
        503: gettext("Not available now"),
    }
    return titles.get(status) or HTTP_STATUS_CODES.get(status, str(status))


def _explain(status: int | str) -> str:
    details: dict[int | str, str] = {
        "full": gettext(
            "A disk of the server is full; nothing was changed. Tell whoever runs the service."
        ),
        400: gettext("This form is too old, or came from elsewhere: open its page again."),
        404: gettext("There is nothing at this address."),
        405: gettext("This address exists, but not for this method."),
        409: gettext("What is stored does not allow this; nothing was changed."),
        413: gettext(
            "What was sent is larger than %(mb)s MB; nothing was kept.",
            mb=max(1, (request.max_content_length or 0) >> 20),
        ),
        422: gettext("A part of the request has a value that cannot be used."),
        429: gettext("Too many wrong tries from this address; wait a moment."),
        503: gettext("The database does not answer in time; try again in a moment."),
    }
    fallback = gettext("Something went wrong that we did not foresee; nothing was changed.")
    if status in details:
        return details[status]
    return fallback if isinstance(status, str) or status >= 500 else _title(status)


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
