"""What goes into the wheel beside the sources: the page assets, Town F, the list of licences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BESIDE = {"data": "gisgrid/town_f", "docs/licences.md": "gisgrid/licences.md"}
"""In the clone, and where the installed program looks for it."""


class Complete(BuildHookInterface[Any]):
    """Refuses to build what would serve pages without their scripts."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        if not Path(self.root, "web/static/vendor/leaflet/leaflet.js").exists():
            raise FileNotFoundError(
                "web/static/vendor is empty: run scripts/assets first, or pages would lack their scripts."
            )
        if self.target_name == "wheel":
            build_data["force_include"].update(
                {str(Path(self.root, source)): target for source, target in BESIDE.items()}
            )
