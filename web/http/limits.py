"""How many failed log-ins and unnamed reports one address of the network has, by Flask-Limiter.

Counted in the memory of each process: with two processes an address has at most twice as many. How
many one account has is exact, since it stands in the store (``web/http/identity.py``).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, Response, make_response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from web.http import devices
from web.http.identity import SLOWEST_S
from web.http.permissions import asker

FAILED_LOGINS = "20 per minute; 100 per hour"
"""Names, passwords and codes that were not right, from one address."""
REPORTS = "10 per minute; 60 per hour"
"""Reports, and answers to what became of them, from one address without an account."""
WRONG_TICKETS = "20 per minute; 100 per hour"
"""Tickets that are none, from one address without an account."""
NOT_BEFORE = "gisgrid.not_before"
"""In the environment: when an answer may be sent, by ``time.monotonic``; waiting takes no place."""
LIMITED = ("security.login", "security.two_factor_token_validation", "security.change_password")


def init_app(app: Flask) -> None:
    limiter = Limiter(
        get_remote_address, app=app, storage_uri="memory://", strategy="moving-window"
    )
    limit = limiter.shared_limit(
        FAILED_LOGINS,
        scope="failed log-ins",
        methods=["POST"],
        deduct_when=failed,
        # Wrong tries of a device that is known count by themselves; strangers at its address do not.
        exempt_when=devices.any_known,
    )
    for endpoint in LIMITED:
        app.view_functions[endpoint] = limit(evenly_slow(app.view_functions[endpoint]))
    app.extensions["gisgrid.limiter"] = limiter
    # The view itself looks at its limit; no other request need be asked about.
    app.before_request_funcs[None].remove(limiter._check_request_limit)

    @app.after_request
    def say_when(response: Response) -> Response:
        if response.status_code == 429 and "Retry-After" not in response.headers:
            reset_at = limiter.current_limit.reset_at if limiter.current_limit else 0
            response.headers["Retry-After"] = str(max(math.ceil(reset_at - time.time()), 1))
        return response


def hold(
    app: Flask,
    endpoint: str,
    allowed: str,
    *,
    scope: str,
    when: Callable[[Response], bool] | None = None,
    told: Callable[[], str] | None = None,
) -> None:
    """Limit a view for whoever has no account; with ``when``, only answers like that count.

    ``told`` says what there was too much of, where it is not wrong tries.
    """
    limiter: Limiter = app.extensions["gisgrid.limiter"]
    limit = limiter.shared_limit(
        allowed,
        scope=scope,
        exempt_when=lambda: bool(asker()),
        deduct_when=when,
        error_message=told,
    )
    held: Callable[..., Any] = limit(app.view_functions[endpoint])
    app.view_functions[endpoint] = held


def failed(response: Response) -> bool:
    """A log-in or a change that went well leads elsewhere."""
    return response.status_code != 302


def evenly_slow(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view, whose refusals take equally long: how long tells nothing of what was wrong.

    Our server waits outside the places in which answers are made; another one waits here.
    """

    @wraps(view)
    def slowed(*args: Any, **kwargs: Any) -> Response:
        told_at = time.monotonic() + SLOWEST_S
        response = make_response(view(*args, **kwargs))
        if request.method == "POST" and failed(response):
            if NOT_BEFORE in request.environ:
                request.environ[NOT_BEFORE] = told_at
            else:
                time.sleep(max(told_at - time.monotonic(), 0))
        return response

    return slowed
