"""``/components``: every part that pages are built of, for whoever builds pages."""

from __future__ import annotations

from flask import Response, render_template

from web.shell.header import blueprint


@blueprint.get("/components")
def components() -> Response:
    """The living page of the components."""
    return Response(
        render_template("components.html"), headers={"Cache-Control": "private, no-store"}
    )
