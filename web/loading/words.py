"""What the browser calls kinds of files, columns, tables and steps of their work."""

from __future__ import annotations

import re

from flask_babel import gettext

from gisgrid.core.messages import say
from gisgrid.files.columns import KINDS, Column
from web.http.language import spoken

KIND_WORDS = {
    "areas": say("Areas: county, township, communities"),
    "streets": say("Streets and roads"),
    "parcels": say("Parcels"),
    "grids": say("Grids of a plan"),
    "houses": say("Houses"),
    "households": say("Households"),
    "residents": say("Residents"),
    "staff": say("Staff and teams"),
    "matters": say("List of matters"),
    "events": say("Events"),
    "visits": say("Visits to houses"),
    "rounds": say("Round lists that were filled in"),
    "offices": say("Offices: accounts and posts"),
    "trainings": say("Training sessions"),
    "receipts": say("Who has read which document"),
    "stations": say("Service stations"),
    "assets": say("Assets that belong to a grid"),
    "duties": say("Duties in an emergency"),
    "problems": say("Long-term problems"),
}
STAGE_WORDS = {
    "sent": say("sent"),
    "looked": say("read, not checked"),
    "checked": say("checked, not imported"),
    "imported": say("imported"),
    "undone": say("taken back"),
}
TASK_WORDS = {
    "look": say("Reading the file"),
    "check": say("Dry run"),
    "commit": say("Importing"),
    "foresee": say("Looking what taking it back would do"),
    "undo": say("Taking it back"),
}
DOING_WORDS = {
    "": say("waits for its turn"),
    "reading": say("reading the file"),
    "rows": say("checking rows"),
    "waiting": say("waits until another load is done"),
    "writing": say("comparing with the store"),
    "attaching": say("giving each its grid"),
    "search keys": say("making search keys"),
    "committing": say("writing"),
}
TABLE_WORDS = {
    "area": say("areas"), "township": say("settings of townships"), "street": say("streets"),
    "parcel": say("parcels"), "plan": say("plans"), "grid": say("grids"), "house": say("houses"),
    "household": say("households"), "resident": say("residents"), "staff": say("staff"),
    "team_member": say("parts in teams"), "account": say("accounts"), "appointment": say("posts"),
    "matter_list": say("lists of matters"), "matter": say("matters"), "event": say("events"),
    "visit": say("visits"), "training": say("training sessions"),
    "training_attendee": say("attendance"), "read_receipt": say("receipts"),
    "station": say("stations"), "asset": say("assets"), "duty": say("duties"),
    "open_problem": say("long-term problems"),
}  # fmt: skip
CRS_WORDS = {
    "wgs84": say("WGS 84: GPS, OpenStreetMap"),
    "cgcs2000": say("CGCS2000: surveys of China"),
    "gcj02": say("GCJ-02: Amap, Tencent, phones sold in China"),
    "bd09": say("BD-09: Baidu"),
}
TIME_FORMATS = {
    "%d/%m/%Y": say("day / month / year"),
    "%m/%d/%Y": say("month / day / year"),
    "%d/%m/%Y %H:%M": say("day / month / year hour:minute"),
    "%m/%d/%Y %H:%M": say("month / day / year hour:minute"),
}
DECIDED_WORDS = {
    "inside": say("file in the archive"), "encoding": say("encoding"), "delimiter": say("delimiter"),
    "header": say("header"), "layer": say("layer or sheet"), "hidden": say("hidden"),
    "geometry": say("geometry"), "coordinates": say("coordinates"), "dates": say("days"),
    "decimal mark": say("decimal mark"),
}  # fmt: skip
SHAPE_WORDS = {"point": say("points"), "line": say("lines"), "polygon": say("polygons")}
MODE_WORDS = {
    "add": say("Only add: what is stored already stays as it is."),
    "update": say(
        "Add and change: new rows are added, known ones changed where they differ; what the file does not name stays."
    ),
    "replace": say(
        "Stand for the whole list: new rows are added, known ones changed, and what is in force today and the file does not name ends."
    ),
}
"""What becomes of what is stored already."""
_CHINESE = re.compile("[\u4e00-\u9fff]")


def column_word(column: Column) -> str:
    """What a column is called on pages: in Chinese as most offices head it."""
    if spoken() == "zh":
        return next((s for s in column.synonyms if _CHINESE.search(s)), column.name)
    return column.name.replace("_", " ")


def header_word(kind: str | None, name: str, headers: dict[str, str]) -> str:
    """A canonical column as the file calls it, else as pages do; empty for the whole row."""
    if ", " in name:
        return ", ".join(header_word(kind, each, headers) for each in name.split(", "))
    if not name or headers.get(name):
        return headers.get(name, "")
    column = KINDS[kind].column(name) if kind in KINDS else None
    return column_word(column) if column else gettext("geometry") if name == "geometry" else name
