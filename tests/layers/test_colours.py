"""One palette: pages' scripts have the colours of the layers, and none stands anywhere else."""

from __future__ import annotations

import re

from layers import colours
from tests.support.web import ROOT

SCRIPT = ROOT / "web/static/js/pure/colours.js"
HEX = re.compile(r'"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?"')


def test_scripts_have_the_colours_of_the_layers():
    of_scripts = dict(re.findall(r'export const (\w+) = "(#\w{6})";', SCRIPT.read_text("utf-8")))
    assert len(of_scripts) > 20
    assert of_scripts == {name: getattr(colours, name, None) for name in of_scripts}


def test_no_colour_stands_outside_the_palette():
    found = [
        f"{path.relative_to(ROOT)}: {code}"
        for room, kind in (("layers", "*.py"), ("web", "*.py"), ("web/static/js", "*.js"))
        for path in sorted((ROOT / room).rglob(kind))
        if path not in (SCRIPT, ROOT / "layers/colours.py") and "vendor" not in path.parts
        for code in HEX.findall(path.read_text("utf-8"))
    ]
    assert found == []
