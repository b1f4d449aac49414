"""Libraries that are loaded where a road first needs them, and not when a process starts.

A server process and the worker stand idle most of the day on old machines, and most requests need none of
these. Whoever does takes the name from here, at the top of the module as ever::

    from gisgrid.core.heavy import pandas as pd

The library is imported at the first use of one of its names (docs/decisions/2026-11-29-memory.md). A class
that is derived from one of its classes stands in a module that is itself loaded late (`Heavy`).
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any


class Heavy(ModuleType):
    """A module that is imported when one of its names is first asked for.

    >>> late = Heavy("colorsys")
    >>> late.rgb_to_hsv(0, 0, 0)
    (0.0, 0.0, 0)
    """

    def __getattr__(self, name: str) -> Any:
        # Python locks each module's import, so threads may meet here.
        found = getattr(import_module(self.__name__), name)
        setattr(self, name, found)
        return found


if TYPE_CHECKING:
    import openpyxl
    import pandas
    import pypdf
    import qrcode
    from openpyxl import utils as openpyxl_utils
    from pyxform import errors as pyxform_errors
    from pyxform import xls2xform
    from scipy import optimize
else:
    openpyxl = Heavy("openpyxl")
    openpyxl_utils = Heavy("openpyxl.utils")
    optimize = Heavy("scipy.optimize")
    pandas = Heavy("pandas")
    pypdf = Heavy("pypdf")
    pyxform_errors = Heavy("pyxform.errors")
    qrcode = Heavy("qrcode")
    xls2xform = Heavy("pyxform.xls2xform")

__all__ = [
    "Heavy",
    "openpyxl",
    "openpyxl_utils",
    "optimize",
    "pandas",
    "pypdf",
    "pyxform_errors",
    "qrcode",
    "xls2xform",
]
