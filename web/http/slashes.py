"""An address with a slash too many at its end leads to the one without, as people type it."""

from __future__ import annotations

from urllib.parse import quote

from flask import Flask, current_app, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response


def init_app(app: Flask) -> None:
    app.before_request(without_slash)


def without_slash() -> Response | None:
    """A redirect to the same address without its last slashes, where there is such a page or call.

    It keeps the method and the body, and names no host.
    """
    bare = request.path.rstrip("/")
    if bare in ("", request.path) or (request.url_rule and request.url_rule.rule.endswith("/")):
        return None
    adapter = current_app.create_url_adapter(request)
    try:
        if adapter is None or bare.startswith("//"):
            return None
        adapter.match(bare, method=request.method)
    except (HTTPException, RequestRedirect):
        return None  # what is wrong with the address is told elsewhere
    query = request.query_string.decode("latin-1")
    there = request.script_root + quote(bare, safe="/:@!$&'()*+,;=~")
    return redirect(f"{there}?{query}" if query else there, 308)
