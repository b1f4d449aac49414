"""The list of imports as a sheet of a workbook."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext

from gisgrid.files.exports import Sheet
from gisgrid.loading.import_list import Listed
from web.http.dates import on_the_clock
from web.http.lists import sheet
from web.loading.words import KIND_WORDS, STAGE_WORDS


def imports(found: Sequence[Listed], time_zone: str) -> Sheet:
    """The files and loads, with their counts."""
    return sheet(
        gettext("Import"),
        [
            (gettext("Date and time"), [on_the_clock(each.at, time_zone) for each in found]),
            (gettext("File name"), [each.file_name for each in found]),
            (gettext("SHA-256"), [each.sha256 for each in found]),
            (gettext("Run"), [each.run_id for each in found]),
            (gettext("Holds"), [_kind(each) for each in found]),
            (gettext("Township"), [each.township for each in found]),
            (gettext("Who"), [each.who for each in found]),
            (gettext("Added"), [each.counts.get("inserted") for each in found]),
            (gettext("Changed"), [each.counts.get("updated") for each in found]),
            (gettext("Refused"), [each.counts.get("refused") for each in found]),
            (gettext("State"), [_stage(each) for each in found]),
        ],
    )


def _kind(each: Listed) -> str | None:
    return gettext(KIND_WORDS[each.kind]) if each.kind in KIND_WORDS else each.kind


def _stage(each: Listed) -> str:
    """What the page's badge says."""
    if each.undoes_id:
        return str(gettext("takes back run %(n)s", n=each.undoes_id))
    if each.state in ("waiting", "running"):
        return str(gettext("being worked on"))
    if each.state == "failed" and each.stage not in ("imported", "undone"):
        return str(gettext("refused"))
    return str(gettext(STAGE_WORDS[each.stage]))
