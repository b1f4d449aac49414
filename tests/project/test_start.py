"""What a process loads when it starts: nothing that few requests need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    "alembic",
    "geopandas",
    "openpyxl",
    "pyogrio",
    "pypdf",
    "qrcode",
    "scipy.optimize",
    "spopt",
)
"""What is loaded where a road first needs it, in whatever process."""


def loaded(statement: str) -> set[str]:
    """Modules that an interpreter has after a statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "also"),
    [
        ("import web.server.keeping", {"sqlalchemy", "numpy", "numba", "flask"}),
        ("import gisgrid.jobs.worker", {"pandas", "numba", "folium", "flask"}),
        (
            "from gisgrid.core.settings import Settings\nfrom web.app import create_app\n"
            "create_app(Settings(secret_key='x' * 40))",
            {"pandas", "folium"},
        ),
        # The program that servers and worker are forked from holds what every office's map needs, once.
        ("import web.server.program", set()),
    ],
)  # fmt: skip
def test_a_process_that_starts_has_none_of_the_heavy_libraries(statement: str, also: set[str]):
    assert loaded(statement) & {*HEAVY, *also} == set()


def test_a_heavy_library_is_there_at_the_first_use_of_a_name():
    told = loaded(
        "from gisgrid.core.heavy import pandas as pd\nimport sys\nassert 'pandas' not in sys.modules\n"
        "assert pd.isna(None)"
    )
    assert "pandas" in told


def test_gdal_is_kept_from_the_network_however_late_it_is_loaded():
    loaded(
        "from gisgrid.files import vectors\nimport sys\nassert 'pyogrio' not in sys.modules\n"
        "drivers = vectors.gdal.pyogrio.list_drivers()\nassert not set(vectors.gdal.OUTSIDE) & set(drivers)"
    )


SETTLE = (
    "from pathlib import Path\nfrom gisgrid.core.kernel_cache import settle\nimport os\n"
    "settle(Path('{folder}'))\nprint(os.environ.get('NUMBA_CACHE_DIR'))"
)


def settled(folder: Path, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SETTLE.format(folder=folder)], cwd=ROOT, check=True,
        capture_output=True, text=True, env={"PATH": os.environ["PATH"], **env},
    )  # fmt: skip
    return done.stdout.strip()


def test_kernels_are_kept_beside_their_sources_and_old_ones_are_dropped(tmp_path: Path):
    source, compiled = tmp_path / "a.py", tmp_path / "__pycache__" / "a.nbi"
    compiled.parent.mkdir()
    for path in (compiled, source):
        path.write_text("x = 1\n")
    os.utime(compiled, (1, 1))
    assert settled(tmp_path, HOME=str(tmp_path)) == "None"
    assert not compiled.exists()


def test_an_installation_that_cannot_be_written_keeps_kernels_by_content_of_their_sources(
    tmp_path: Path,
):
    package = tmp_path / "package"
    package.mkdir()
    (package / "a.py").write_text("x = 1\n")
    (package / "__pycache__").write_text("")  # where no folder can be made, not even by root
    first = settled(package, HOME=str(tmp_path))
    assert Path(first).parent == tmp_path / ".cache" / "gisgrid"
    (package / "a.py").write_text("x = 2\n")
    assert settled(package, HOME=str(tmp_path)) != first
    (tmp_path / "nobody").write_text("")
    home = {"HOME": str(tmp_path / "nobody"), "GISGRID_HOME": str(tmp_path / "home")}
    assert Path(settled(package, **home)).parent == tmp_path / "home"
