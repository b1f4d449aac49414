"""What every answer has: compression, headers of safety, addresses of static files by content."""

from __future__ import annotations

import gzip
import hashlib
import secrets
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from flask import Flask, Response, current_app, g, redirect, request, url_for

from gisgrid.core.settings import Settings

SMALL = 500
"""Bytes below which compression costs more than it saves."""
COMPRESSIBLE = (
    "text/",
    "application/json",
    "application/geo+json",
    "application/problem+json",
    "application/vnd.mapbox-vector-tile",
    "application/javascript",
    "image/svg+xml",
)
STATIC = Path(__file__).parents[1] / "static"


def init_app(app: Flask, basemap_url: str | None) -> None:
    pictures = _origin(basemap_url) if basemap_url else ""

    @app.after_request
    def finish(response: Response) -> Response:
        _stay_here(response)
        _guard(response, pictures)
        _compress(response)
        return response

    app.jinja_env.globals.update(asset=asset, nonce=nonce)


def outside(path: str) -> str:
    """An address of ours for who is elsewhere: on the host that the settings name, never on one of a request.

    A request may name any host, and whoever is told an address would take it for ours.
    """
    settings: Settings = current_app.config["SETTINGS"]
    return settings.public_url + path


def nonce() -> str:
    """The word that lets this answer's own inline script and style count."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def asset(name: str) -> str:
    """Address of a static file, new whenever its content is."""
    return url_for("static", filename=name, v=_digest(name, (STATIC / name).stat().st_mtime_ns))


@lru_cache(maxsize=256)
def _digest(name: str, _changed_ns: int) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def here(address: str) -> str:
    """The same address without a host.

    >>> here("http://evil.example//evil.example/a?b=1"), here("/a/"), here("https://evil.example")
    ('/evil.example/a?b=1', '/a/', '/')
    """
    parts = urlsplit(address)
    if not (parts.scheme or parts.netloc):
        return address
    path = "/" + parts.path.lstrip("/\\")
    return urlunsplit(("", "", path, parts.query, parts.fragment))


def _stay_here(response: Response) -> None:
    """Redirects lead from path to path; libraries write the host that the request named."""
    location = response.headers.get("Location", "")
    if here(location) != location:
        response.headers["Location"] = here(location)
        response.set_data(redirect(here(location)).get_data())


def _guard(response: Response, pictures: str) -> None:
    own = f"'self' 'nonce-{g.nonce}'" if "nonce" in g else "'self'"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; script-src {own}; style-src {own}; "
        f"img-src 'self' data: {pictures}; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'self'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    lasting = "v" in request.args or "edition" in (request.view_args or {})
    # A browser keeps what it has under the words of the last answer, so "unchanged" says the same: a service worker asks.
    if request.endpoint == "static" and lasting and response.status_code in (200, 304):
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"


def _compress(response: Response) -> None:
    if not (response.mimetype or "").startswith(COMPRESSIBLE):
        return
    response.vary.add("Accept-Encoding")
    if (
        "gzip" not in request.headers.get("Accept-Encoding", "").lower()
        or response.status_code != 200
        or "Content-Encoding" in response.headers
        # A stream would be held until its end; a file passes through as one piece.
        or (response.is_streamed and not response.direct_passthrough)
    ):
        return
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) >= SMALL:
        # A fixed time, so that equal bodies stay equal.
        response.set_data(gzip.compress(body, compresslevel=6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        # An entity tag names bytes, and these are others.
        if etag := response.get_etag()[0]:
            response.set_etag(etag, weak=True)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.replace("{s}", "*")
    return f"{parts.scheme}://{host}" if host else ""
