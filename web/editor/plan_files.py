"""A plan out of a file that a planner sends: read in a process of its own, then taken whole or not."""

from __future__ import annotations

import tempfile
from pathlib import Path

from flask import current_app, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from gisgrid.core.errors import GisgridError, Invalid, UndeclaredCrs
from gisgrid.core.settings import Settings
from gisgrid.files.read import Table
from gisgrid.files.reading_apart import open_apart
from gisgrid.loading.scenario_files import import_scenario
from web.editor.store import planning, refuse_strangers, who
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
    layer = request.form.get("layer") or None
    return open_apart(file, layer=layer, most=most, shape="polygon").table


def _in_words_of_the_form(error: GisgridError) -> GisgridError:
    """With the field of the form that mends it."""
    rejected = error.facts.get("rejected")
    if {"layers", "sheets"} & error.facts.keys():
        en = "Write the one that you mean into the field “Layer or sheet”."
        zh = "请在“图层或工作表”一栏中填写所需的一个。"
    elif isinstance(error, UndeclaredCrs):
        en, zh = "Write it into the field “Coordinate system”.", "请在“坐标系”一栏中填写。"
    elif isinstance(rejected, dict) and "moved" in rejected:
        en = "If that is meant, tick “Grids may lie in another community than today”."
        zh = "如确需调整，请勾选“允许网格改属其他社区”。"
    else:
        return error
    return type(error)(
        f"{error.message} {en}", zh=f"{error.zh}{zh}", hint=error.hint, **error.facts
    )
