"""A plan out of a file that a planner sends: read in a process of its own, then taken whole or not."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import current_app, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, Invalid, UndeclaredCrs
from gisgrid.core.messages import Message, message, say
from gisgrid.core.scope import refuse_strangers
from gisgrid.core.settings import Settings
from gisgrid.files.read import Table
from gisgrid.files.reading_apart import open_apart
from gisgrid.loading.scenario_files import import_scenario
from web.editor.store import planning, who
from web.editor.views import ENDINGS, blueprint
from web.http.towns import town


@blueprint.post("/import")
def bring_in() -> BaseResponse:
    """Make a scenario from an uploaded file and go to it."""
    settings: Settings = current_app.config["SETTINGS"]
    form = request.form
    with planning(read_only=True) as session:
        place = town(session)
        refuse_strangers(session, place, "plan")
    try:
        with tempfile.TemporaryDirectory(prefix="gisgrid-") as folder:
            # No transaction is open while a stranger's file is read.
            table = _read(Path(folder), settings.upload_unpacked_max_mb << 20)
            with planning() as session:
                made = import_scenario(
                    session, place, table.path, name=form.get("name", ""), who=who(),
                    crs=form.get("crs") or None, table=table, move=bool(form.get("move")),
                )  # fmt: skip
    except GisgridError as error:
        raise _in_words_of_the_form(error) from error
    return redirect(url_for("editor.show", plan_id=made.id), 303)


def _read(folder: Path, most: int) -> Table:
    sent = request.files.get("file")
    ending = Path(sent.filename or "").suffix.lower() if sent else ""
    if sent is None or ending not in ENDINGS:
        raise Invalid(
            "Choose a GeoPackage, GeoJSON, KML, FlatGeobuf, CSV or XLSX file, or a zipped Shapefile.",
            known=list(ENDINGS),
        )
    file = folder / f"grids{ending}"
    sent.save(file)
    layer = request.form.get("layer") or None
    return open_apart(file, layer=layer, most=most, shape="polygon")


def _in_words_of_the_form(error: GisgridError) -> GisgridError:
    """With the field of the form that mends it."""
    rejected = error.facts.get("rejected")
    if {"layers", "sheets"} & error.facts.keys():
        mend = say("Write the one that you mean into the field “Layer or sheet”.")
    elif isinstance(error, UndeclaredCrs):
        mend = say("Write it into the field “Coordinate system”.")
    elif isinstance(rejected, dict) and "moved" in rejected:
        mend = say("If that is meant, tick “Grids may lie in another community than today”.")
    else:
        return error
    facts = {**error.facts, "said": Message(error.template, error.facts), "mend": message(mend)}
    return type(error)(say("{said} {mend}"), hint=error.hint, **facts)
