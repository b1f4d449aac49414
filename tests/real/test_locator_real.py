"""The locator on real layers: precincts, neighbourhoods, villages, quarters."""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from tests.support.locators import assert_agrees, hard_points
from tests.support.partitions import shuffled_codes

LAYERS = [
    "boston_precincts.geojson",
    "boston_neighborhoods.geojson",
    "taipei_villages.geojson",
    "taipei_daan_stat_cells.geojson",
    "zurich_quarters_lv95.gpkg",
]


@pytest.mark.real
@pytest.mark.parametrize("layer", LAYERS)
def test_real_layers(layer):
    rng = np.random.default_rng(len(layer))
    shapes = gpd.read_file(Path(os.environ["GISGRID_REAL_DATA"]) / layer).geometry.to_numpy()
    shapes = np.array([shapely.make_valid(shape, method="structure") for shape in shapes])
    assert_agrees(shapes, shuffled_codes(rng, len(shapes)), hard_points(shapes, rng, most=20_000))
