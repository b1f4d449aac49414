"""A walk along the links of pages, and where in a town each role sits."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import urljoin

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException

MOST_OF_ONE_ROUTE = 2
"""Pages of one route that a walk opens: of a hundred houses the rest are alike."""


def seat(level: str, grid: str) -> dict[str, str]:
    """Where a role of this level is given, around a grid of nationwide code: arguments of ``appointed``."""
    return {
        "everywhere": {"area": grid[:9]},
        "county": {"area": grid[:6]},
        "township": {"area": grid[:9]},
        "community": {"area": grid[:12]},
        "grid": {"area": grid[:9], "grid": grid},
    }[level]


def walk(
    app: Flask, client: FlaskClient, *, look: Callable[[str, str], None] = lambda path, page: None
) -> tuple[set[str], dict[str, int]]:
    """From `/` along the links of pages: the paths that were linked, and the status of each that was opened.

    Parameters
    ----------
    look
        Is shown the path and the text of each page.
    """
    adapter = app.url_map.bind("localhost")
    linked, opened, of_route = {"/"}, {}, dict[str, int]()
    ahead = ["/"]
    while ahead:
        address = ahead.pop(0)
        path = address.split("?")[0]
        try:
            endpoint = adapter.match(path, method="GET")[0]
        except HTTPException:
            opened[path] = 404
            continue
        of_route[endpoint] = of_route.get(endpoint, 0) + 1
        if of_route[endpoint] > MOST_OF_ONE_ROUTE or path in opened:
            continue
        answer = client.get(address, headers={"Accept": "text/html"})
        opened[path] = answer.status_code
        if answer.mimetype != "text/html":
            continue
        if answer.location:
            ahead.append(answer.location)
            continue
        look(path, answer.text)
        for href in re.findall(r'<a [^>]*href="([^"#]+)', answer.text):
            there = urljoin(path, html.unescape(href))
            if there.startswith("/") and not there.startswith(("/static/", "/account/logout")):
                if there.split("?")[0] not in linked:
                    ahead.append(there)
                linked.add(there.split("?")[0])
    return linked, opened
