"""A plan out of a file that a planner sends: read in a process of its own, then taken whole or not."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import current_app, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.errors import GisgridError, Invalid
from gisgrid.plans.exchange import import_scenario
from gisgrid.register.apart import open_apart
from gisgrid.register.read import Table
from gisgrid.settings import Settings
from web.bench import ENDINGS, blueprint
from web.bench_store import planning, refuse_strangers, who
from web.chosen import chosen_township
from web.i18n import speaks_chinese

MOST_FILE_BYTES = 50_000_000


@blueprint.post("/import")
def bring_in() -> BaseResponse:
    """Make a scenario from an uploaded file and go to it."""
    settings: Settings = current_app.config["SETTINGS"]
    request.max_content_length = MOST_FILE_BYTES
    form = request.form
    with planning(read_only=True) as session:
        place = chosen_township(session, form.get("township") or None)
        refuse_strangers(session, place, "plan")
    with tempfile.TemporaryDirectory(prefix="gisgrid-") as folder:
        # No transaction is open while a stranger's file is read.
        table = _read(Path(folder), settings.upload_unpacked_max_mb << 20)
        with planning() as session:
            made = import_scenario(
                session, place, table.path, name=form.get("name", ""), who=who(),
                crs=form.get("crs") or None, table=table, move=bool(form.get("move")),
            )  # fmt: skip
    return redirect(url_for("bench.show", plan_id=made.id), 303)


def _read(folder: Path, most: int) -> Table:
    sent = request.files.get("file")
    ending = Path(sent.filename or "").suffix.lower() if sent else ""
    if sent is None or ending not in ENDINGS:
        raise Invalid(
            "Choose a GeoPackage, GeoJSON, KML, FlatGeobuf, CSV or XLSX file, or a zipped Shapefile.",
            zh="请选择 GeoPackage、GeoJSON、KML、FlatGeobuf、CSV、XLSX 文件，或打包成 zip 的 Shapefile。",
            known=list(ENDINGS),
        )
    file = folder / f"grids{ending}"
    sent.save(file)
    try:
        layer = request.form.get("layer") or None
        return open_apart(file, layer=layer, most=most, shape="polygon").table
    except GisgridError as error:
        raise _in_words_of_the_form(error) from error


def _in_words_of_the_form(error: GisgridError) -> GisgridError:
    """With the field that mends it."""
    if not {"layers", "sheets"} & error.facts.keys():
        return error
    field = gettext("Layer or sheet, if the file holds several")
    told = error.zh if speaks_chinese() else error.message
    return type(error)(f"{told} → {field}", zh=f"{told} → {field}", hint=None, **error.facts)
