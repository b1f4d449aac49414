"""Which units of ground touch, and along how many metres?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gisgrid.core.arrays import Floats, Ints, sums
from gisgrid.core.errors import Invalid


@dataclass(frozen=True, eq=False)
class UnitGraph:
    """Rook adjacency of units in compressed sparse rows, checked when it is made.

    Parameters
    ----------
    indptr, indices
        The neighbours of unit ``u`` are ``indices[indptr[u]:indptr[u + 1]]``, ascending; every
        contact stands in both rows. A contact carries contiguity.
    border_m
        Length of each contact in metres, the same number in both rows.
    outer_m
        Border of each unit that is none of its contacts: the edge of the town, barriers, contacts
        too short to carry contiguity. Zero if not given.
    area_m2
        Area of each unit. Without it there is no Polsby-Popper compactness.

    Raises
    ------
    Invalid
        The arrays do not fit, a number is negative or not finite, a unit touches itself, or the
        graph is not symmetric.

    Examples
    --------
    >>> row = UnitGraph.from_pairs(3, np.array([[0, 1], [1, 2]]), np.array([10.0, 20.0]))
    >>> row.indices.tolist(), row.border_m.tolist()
    ([1, 0, 2, 1], [10.0, 10.0, 20.0, 20.0])
    """

    indptr: Ints
    indices: Ints
    border_m: Floats
    outer_m: Floats | None = None
    area_m2: Floats | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "indptr", np.ascontiguousarray(self.indptr, dtype=np.int64))
        object.__setattr__(self, "indices", np.ascontiguousarray(self.indices, dtype=np.int64))
        object.__setattr__(self, "border_m", np.ascontiguousarray(self.border_m, dtype=np.float64))
        for name in ("outer_m", "area_m2"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, np.ascontiguousarray(value, dtype=np.float64))
        self._check_shape()
        self._check_numbers()
        self._check_symmetry()

    @classmethod
    def from_pairs(
        cls,
        unit_count: int,
        pairs: Ints,
        border_m: Floats,
        *,
        outer_m: Floats | None = None,
        area_m2: Floats | None = None,
    ) -> UnitGraph:
        """The graph of unordered contacts ``pairs`` of shape (m, 2), each given once."""
        pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
        row = np.concatenate([pairs[:, 0], pairs[:, 1]])
        col = np.concatenate([pairs[:, 1], pairs[:, 0]])
        length = np.concatenate([border_m, border_m])
        order = np.lexsort((col, row))
        indptr = np.searchsorted(row[order], np.arange(unit_count + 1))
        return cls(indptr, col[order], length[order], outer_m, area_m2)

    @property
    def unit_count(self) -> int:
        return len(self.indptr) - 1

    def rows(self) -> Ints:
        """The unit each entry of ``indices`` is a neighbour of."""
        return np.repeat(np.arange(self.unit_count), np.diff(self.indptr))

    def subgraph(self, units: Ints) -> UnitGraph:
        """The graph of ``units`` only, renumbered in the order given.

        Contacts with units left out become outer border.
        """
        number = np.full(self.unit_count, -1)
        number[units] = np.arange(len(units))
        degree = self.indptr[units + 1] - self.indptr[units]
        row = np.repeat(np.arange(len(units)), degree)
        before = np.cumsum(degree) - degree
        entry = np.arange(len(row)) + np.repeat(self.indptr[units] - before, degree)
        col, length = number[self.indices[entry]], self.border_m[entry]
        inside = col >= 0
        outer_m = sums(row[~inside], length[~inside], len(units))
        if self.outer_m is not None:
            outer_m = outer_m + self.outer_m[units]
        row, col, length = row[inside], col[inside], length[inside]
        order = np.lexsort((col, row))
        return _trusted(
            np.searchsorted(row, np.arange(len(units) + 1)),
            col[order],
            length[order],
            outer_m,
            None if self.area_m2 is None else self.area_m2[units],
        )

    def pieces(self, label_of: Ints) -> Ints:
        """Number of the connected piece of equal label that each unit lies in."""
        rows = self.rows()
        same = label_of[rows] == label_of[self.indices]
        ones = np.ones(int(same.sum()), dtype=np.int8)
        matrix = csr_array((ones, (rows[same], self.indices[same])), shape=(self.unit_count,) * 2)
        return np.asarray(connected_components(matrix, directed=False)[1], dtype=np.int64)

    def compactness(self, grid_of: Ints, grid_count: int) -> Floats | None:
        """Polsby-Popper score 4 pi area / perimeter^2 of each grid, 1 for a disc; None without areas.

        A grid without units has the score NaN.

        References
        ----------
        Polsby and Popper (1991), "The third criterion", Yale Law & Policy Review 9(2).
        """
        if self.area_m2 is None:
            return None
        rows = self.rows()
        cut = grid_of[rows] != grid_of[self.indices]
        perimeter_m = sums(grid_of[rows[cut]], self.border_m[cut], grid_count)
        if self.outer_m is not None:
            perimeter_m = perimeter_m + sums(grid_of, self.outer_m, grid_count)
        area_m2 = sums(grid_of, self.area_m2, grid_count)
        score = np.full(grid_count, np.nan)
        np.divide(4 * np.pi * area_m2, perimeter_m**2, out=score, where=perimeter_m > 0)
        return score

    def _check_shape(self) -> None:
        count = self.unit_count
        fits = (
            self.indptr.ndim == self.indices.ndim == 1
            and count >= 0
            and self.indptr[0] == 0
            and self.indptr[-1] == len(self.indices) == len(self.border_m)
            and bool((np.diff(self.indptr) >= 0).all())
        )
        if not fits:
            raise Invalid("The row pointers of the unit graph do not fit its contacts.")
        if len(self.indices) and not 0 <= self.indices.min() <= self.indices.max() < count:
            raise Invalid("The unit graph names a unit that does not exist.", units=count)
        for name in ("outer_m", "area_m2"):
            value = getattr(self, name)
            if value is not None and value.shape != (count,):
                raise Invalid(
                    "{name} of the unit graph needs one number a unit.", name=name, units=count
                )

    def _check_numbers(self) -> None:
        for name in ("border_m", "outer_m", "area_m2"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value).all() and (value >= 0).all()):
                raise Invalid(
                    "{name} of the unit graph has a negative or missing number.", name=name
                )

    def _check_symmetry(self) -> None:
        rows = self.rows()
        if (rows == self.indices).any():
            raise Invalid("A unit of the unit graph touches itself.")
        there, back = rows * self.unit_count + self.indices, self.indices * self.unit_count + rows
        if (np.diff(there) <= 0).any():
            raise Invalid("The neighbours in the unit graph are not ascending, or one is twice.")
        order = np.argsort(back)
        if (there != back[order]).any():
            raise Invalid("A contact of the unit graph stands in one row only.")
        if not np.allclose(self.border_m, self.border_m[order], rtol=1e-9, atol=1e-6):
            raise Invalid("A contact of the unit graph has two lengths.")


def _trusted(
    indptr: Ints, indices: Ints, border_m: Floats, outer_m: Floats, area_m2: Floats | None
) -> UnitGraph:
    """A part of a checked graph needs no second check."""
    graph = object.__new__(UnitGraph)
    fields = {"indptr": indptr, "indices": indices, "border_m": border_m}
    for name, value in {**fields, "outer_m": outer_m, "area_m2": area_m2}.items():
        object.__setattr__(graph, name, value)
    return graph
