"""Where the bubbles of a house stand: roof and grid in the middle, who consumes around them.

Places follow from the number of consumers alone, so that nobody moves when powers change: rows of
cells with a block left free in their middle. They are wide enough for names as long as there are
few, and at last no more than a finger's tip. Lengths are units of the drawing, which is WIDTH wide.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil
from typing import NamedTuple

WIDTH = 400
MOST_HEIGHT = 620
MIDDLE_WIDTH, MIDDLE_HEIGHT = 130, 300
LINE = 19
"""A line of text."""
WIDE_FOR_NAMES, WIDE_FOR_POWERS = 100, 60
MARGIN = 3
"""From the edge of a place to the next."""


class Place(NamedTuple):
    """The middle of a bubble, how far it may reach, and how large the face in its middle is."""

    x: float
    y: float
    limit: float
    core: float


class Layout(NamedTuple):
    """All places of a drawing."""

    height: float
    roof: Place
    grid: Place
    consumers: tuple[Place, ...]
    has_names: bool
    has_powers: bool
    """Whether there is room for them below each bubble."""


class _Cells(NamedTuple):
    """A way to divide the drawing."""

    columns: int
    width: float
    height: float
    limit: float
    lines: int
    middle_columns: int
    middle_rows: int

    @property
    def beside(self) -> int:
        """How many cells there are beside the middle."""
        return self.middle_rows * (self.columns - self.middle_columns)

    def outside_rows(self, count: int) -> int:
        """How many full rows are needed, half of them above the middle and half below."""
        rest = max(count - self.beside, 0)
        return max(ceil(rest / self.columns), min(rest, 2))


@lru_cache(maxsize=64)
def layout(count: int) -> Layout:
    """The places for a number of consumers, in reading order. No two of them overlap."""
    columns = 4
    while (cells := _cells(columns)).middle_rows * cells.height + cells.height * cells.outside_rows(
        count
    ) > MOST_HEIGHT:
        columns += 2
    rows = cells.outside_rows(count)
    beside = min(count, cells.beside)
    sizes = [(count - beside) // rows + (row < (count - beside) % rows) for row in range(rows)]
    above = (rows + 1) // 2
    places: list[Place] = []
    for row, size in enumerate(sizes[:above]):
        places += _row(cells, row, size)
    for row in range(cells.middle_rows):
        places += _beside(cells, above + row, beside, row)
    for row, size in enumerate(sizes[above:]):
        places += _row(cells, above + cells.middle_rows + row, size)
    middle = (above + cells.middle_rows / 2) * cells.height
    height = (rows + cells.middle_rows) * cells.height
    return Layout(height, *_middle(middle), tuple(places), cells.lines == 2, cells.lines > 0)


def _cells(columns: int) -> _Cells:
    width = WIDTH / columns
    lines = (width >= WIDE_FOR_POWERS) + (width >= WIDE_FOR_NAMES)
    limit = min(width / 2 - MARGIN, 32)
    height = 2 * limit + lines * LINE + 2 * MARGIN + (2 * MARGIN if lines else 0)
    middle_columns = 2 * ceil(MIDDLE_WIDTH / width / 2)
    return _Cells(
        columns, width, height, limit, lines, middle_columns, ceil(MIDDLE_HEIGHT / height)
    )


def _row(cells: _Cells, row: int, size: int) -> list[Place]:
    """A row without a middle, centred."""
    first = WIDTH / 2 - (size - 1) / 2 * cells.width
    return [_place(cells, first + number * cells.width, row) for number in range(size)]


def _beside(cells: _Cells, row: int, count: int, place_of_row: int) -> list[Place]:
    """A row with the middle in its middle; where there are too few, the last places stay free."""
    sides = cells.columns - cells.middle_columns
    size = min(max(count - place_of_row * sides, 0), sides)
    columns = [*range(sides // 2), *range(cells.columns - sides // 2, cells.columns)]
    return [_place(cells, (column + 0.5) * cells.width, row) for column in columns[:size]]


def _place(cells: _Cells, x: float, row: int) -> Place:
    core = round(min(15.0, cells.limit * 0.45), 1)
    y = row * cells.height + MARGIN + cells.limit
    return Place(round(x, 1), round(y, 1), round(cells.limit, 1), core)


def _middle(y: float) -> tuple[Place, Place]:
    """The roof above the grid, each with two lines of text."""
    roof, grid = 62.0, 46.0
    top = y - (2 * (roof + grid) + 4 * LINE) / 2
    return (
        Place(WIDTH / 2, round(top + roof, 1), roof, 18.0),
        Place(WIDTH / 2, round(top + 2 * roof + 2 * LINE + grid, 1), grid, 16.0),
    )
