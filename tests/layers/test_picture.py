"""The picture of a plan's report is sound markup and bears the palette's colours."""

from __future__ import annotations

import shapely
from defusedxml import ElementTree

from layers.colours import CHOSEN, EDGE
from layers.editor import picture


def test_the_picture_parses_and_a_marked_grid_has_the_thick_border_of_what_is_chosen():
    drawn = picture(
        [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)],
        ["#ffffff", "#d8daeb"],
        ["001", "<2>"],
        marked=[True, False],
    )
    svg = ElementTree.fromstring(drawn)
    assert svg.attrib["viewBox"] == "0 0 640 320"
    edges = [(p.get("fill"), p.get("stroke"), p.get("stroke-width")) for p in svg.iter("path")]
    assert edges == [("#d8daeb", EDGE, None), ("#ffffff", CHOSEN, "2.5")], "the marked one last"
    assert [t.text for t in svg.iter("text")] == ["<2>", "001"]
