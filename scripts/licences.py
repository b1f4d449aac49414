"""Writes docs/licences.md: whose work gisgrid stands on, and under which licence.

From what the installed packages of requirements.lock and the page assets say of themselves:
``.venv/bin/python scripts/licences.py``. With ``--check`` nothing is written; exit status 1: it is out of date.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
SHORT = 40
"""A longer word of licence is its text."""
SPDX = {
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""What older packages say, in the words of https://spdx.org/licenses."""
IN_ITS_FILE = {"pyxform": "BSD-2-Clause"}
"""Packages that say it in their licence file alone."""
HEAD = """# Licences

**gisgrid itself has no licence yet.** Which one it gets is its owner's to choose; until then nobody but
the owner may copy, change or pass it on.

What it stands on, as each says of itself. Written by `scripts/licences.py` from what is installed by
`requirements.lock`; part of the wheel as `gisgrid/licences.md`.

Of note: psycopg (LGPL) is used as it comes and can be replaced by another version. The wheels of Shapely hold GEOS
(LGPL-2.1-or-later), those of pyogrio and pyproj GDAL and PROJ (MIT). PostgreSQL (PostgreSQL) and PostGIS
(GPL-2.0-or-later) are programs of their own, installed by the system.
"""


def packages() -> list[tuple[str, str, str]]:
    """Name, version and licence of each package that gisgrid needs to run, by name."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pinned = [m.groups() for line in lines if (m := re.match(r"([a-z0-9-]+)==(\S+)", line))]
    return [(name, version, licence_of(name)) for name, version in pinned]


def licence_of(name: str) -> str:
    """The licence of an installed package, as it says; several with "or"."""
    said = metadata(name)
    if expression := said.get("License-Expression"):
        return str(expression)
    word = (said.get("License") or "").strip()
    if word and len(word) <= SHORT and "\n" not in word:
        return SPDX.get(word, word)
    classes = [c for c in said.get_all("Classifier") or [] if c.startswith("License ::")]
    words = [c.rpartition(" :: ")[2] for c in classes]
    return " or ".join(SPDX.get(each, each) for each in words) or IN_ITS_FILE.get(name, "not said")


def assets() -> list[tuple[str, str, str]]:
    """Name, version and licence of what pages load, by name."""
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return sorted(
        (name, lock[f"node_modules/{name}"]["version"], lock[f"node_modules/{name}"]["license"])
        for name in lock[""]["dependencies"]
    )


def page() -> str:
    parts = [HEAD]
    for title, rows in (("Python packages", packages()), ("Scripts of the pages", assets())):
        parts += [f"\n## {title}\n", "| package | version | licence |", "|---|---|---|"]
        parts += [f"| {name} | {version} | {licence} |" for name, version, licence in rows]
    return "\n".join(parts) + "\n"


def main() -> int:
    now = page()
    if "--check" in sys.argv[1:]:
        return int(PAGE.read_text(encoding="utf-8") != now)
    PAGE.write_text(now, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
