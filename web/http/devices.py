"""Which devices have logged in before, and as whom? A signed cookie of their own says so.

It opens nothing: it only keeps a device apart from strangers who guess at the same name, and has its own
count of wrong tries (``gisgrid.people.tries``). A shared device remembers several names.
"""

from __future__ import annotations

import secrets

from flask import Flask, Response, after_this_request, current_app, request
from itsdangerous import BadData, URLSafeSerializer

from gisgrid.people.keys import derived_key

COOKIE = "gisgrid_device"
KEPT_S = 400 * 86_400
"""As long as browsers keep a cookie."""
MOST = 12
"""Names that one device remembers, the last of them."""


def init_app(app: Flask, key: str) -> None:
    own = derived_key(key, "device")
    app.extensions["gisgrid.devices"] = URLSafeSerializer(own)
    app.config["DEVICE_KEY"] = own


def known(name: str) -> str | None:
    """Number of this device, if it has logged in under a name before."""
    return _remembered().get(_mark(name)) if name else None


def any_known() -> bool:
    """Whether somebody has logged in on this device before."""
    return bool(_remembered())


def remember(name: str) -> None:
    """Have this device known for a name from now on."""
    kept = _remembered()
    mark = _mark(name)
    number = kept.pop(mark, None) or secrets.token_urlsafe(12)
    newest = [*[*kept.items()][1 - MOST :], (mark, number)]
    signed = current_app.extensions["gisgrid.devices"].dumps(newest)

    @after_this_request
    def give(response: Response) -> Response:
        response.set_cookie(
            COOKIE,
            signed,
            max_age=KEPT_S,
            path="/account",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Strict",
        )
        return response


def _remembered() -> dict[str, str]:
    """Numbers by the marks of names; empty where the cookie is missing or forged."""
    try:
        pairs = current_app.extensions["gisgrid.devices"].loads(request.cookies.get(COOKIE, ""))
        return {str(mark): str(number) for mark, number in pairs}
    except (BadData, TypeError, ValueError):
        return {}


def _mark(name: str) -> str:
    """Stands for a name in the cookie, and tells it to nobody who reads it there."""
    return derived_key(current_app.config["DEVICE_KEY"], name)[:16]
