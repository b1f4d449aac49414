"""The README beside each folder of files."""

from __future__ import annotations

from pathlib import Path

from scripts.town.learning import UNTRAINED_TEAMS
from scripts.town.spec import AS_OF, Spec
from scripts.town.town import Town


def write(town: Town, spec: Spec, folder: Path) -> None:
    """README.md in every folder of ``files.PLACES``."""
    size = "" if spec.is_town_f else f" --scale {spec.houses}"
    made = (
        f"**Synthetic data (虚构 / 合成数据).** Town F is invented: no such place, person, telephone or ID\n"
        f"exists. Written by `scripts/make_town{size} --seed {spec.seed}`; run it again for the same bytes, and\n"
        f"do not edit by hand. As of {AS_OF}. Licence: as the project's code; made by it, from no other data.\n"
    )
    exclusive = int((town.grids["kind"] == "exclusive").sum())
    texts = {
        "boundaries": f"""# Town F: boundaries

{made}
CRS: longitude and latitude on WGS 84 (EPSG:4326, GeoJSON by RFC 7946), 7 decimals.

* `areas.geojson`: county {town.areas["code"][0]}, township {town.areas["code"][1]}, {spec.communities} communities
  (12-digit codes). The invented county has this one township, so both have one outline.
* `grids.geojson`: {len(town.grids) - exclusive} basic and {exclusive} exclusive grids in hole mode: they tile every community exactly,
  with shared vertices. Basic: 15 digits, the community's 12 and 3 that number its grids row by row
  from north to south, west to east in each row. Exclusive: 20 digits, the community's 12, 2 for the kind of body
  and 6 that count the exclusive grids (CJ/T 349 fixes the length; this split is ours).
* `streets.geojson`: {len(town.streets)} centre lines. Borders run along streets where there are streets.
""",
        "register": f"""# Town F: houses, households, residents

{made}
CRS of `lon`, `lat`: WGS 84, 7 decimals. {spec.houses} houses, {spec.households} households, {spec.residents} residents; houses without a
household are empty. Dates are `YYYY-MM-DD`; an empty `verified_on` means never visited.

* House codes have 17 digits: the community's 12 and 5 more. An address is community, street, number (号) and, in
  a housing estate, building (幢); unit and room stand with the household (`1单元302室`).
* Names begin with 测, 试, 虚, 拟, 样 or 构 (test, virtual, sample, made up), which are no surnames. Citizen IDs have
  right check digits on the area 999901, which does not exist; telephones begin with 19900.
* `aliases.csv`: {len(town.aliases)} names that people still use for a corner, each with the house that is meant.
* On a border on purpose: {len(town.on_border)} houses stand exactly on a vertex that grids share, {len(town.near_border)} within 5 m of a border. All
  others are at least 7 m away from any.
  Exactly: {", ".join(town.on_border)}. Near: {", ".join(town.near_border)}.
""",
        "staff": f"""# Town F: staff

{made}
A 1+N team for each of the {len(town.grids)} grids: exactly one leader on every day since 2022-09-01, and members of the
other kinds. One row per person, grid and span; `until` is the last day, empty: still there. An officer who serves several
grids has several rows. Telephones begin with 19901.

`centre.csv`: six who are in no team, from the county's bureau to the township's own people.
""",
        "matters": f"""# Town F: list of matters

{made}
8 major items (no `parent`) and 42 minor ones. The names follow the kinds of business that published lists
have; offices, limits and closing rules are invented.
""",
        "calendar": f"""# Town F: working calendar

{made}
2022 to 2026: office hours of weekdays, public holidays and make-up working days (调休) of mainland China as announced
for each year; a later row overrules an earlier one. For a real office, look at the notice of the year.
""",
        "events": f"""# Town F: a year of events

{made}
{len(town.events)} events over all 42 minor items, 2022-09-01 to {AS_OF}, local time (Asia/Shanghai), WGS 84. `due_at` counts
the matter's limit in working time: 8:00–12:00 and 13:30–17:30 on working days, with the public holidays and make-up working
days of the year; a working day is 480 minutes. No `closed_at`: open on {AS_OF}.
""",
        "offices": f"""# Town F: who answers above the grids

{made}
One head of the township government, {town.offices["code"][town.offices["role"] == "section_cadre"].nunique()} section cadres who are each in charge of up to three communities
(a row each), and the head of every community, since 2022-09-01. `role` is a role of the access rights,
`area` the code it is held in. Telephones begin with 19902.
""",
        "service": f"""# Town F: stations and visits

{made}
CRS of `lon`, `lat`: WGS 84, 7 decimals. {len(town.stations)} stations: the township's centre, one a community, and posts of
teams, each at a house. {len(town.visits)} visits: one for each house and day on which a household of it was verified, made by a
worker of its grid; before 2022-09-01 no team is known.
""",
        "learning": f"""# Town F: documents and training

{made}
`documents.csv` says which file is issued as which document (two versions of a programme, one workbook),
`receipts.csv` who has signed for which version, `trainings.csv` who took part in which course (a row each): {town.trainings["code"].nunique()}
courses. In {UNTRAINED_TEAMS} teams nobody was ever trained, so that a report of shortages has something to find.
""",
    }
    for name, text in texts.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "README.md").write_text(text, encoding="utf-8")
