"""Makes `standard_load_profiles.csv` from BDEW's tables; run once, when BDEW publishes new ones:

    python -m broker.energy.bdew.workbooks H0.csv H25_G25_L25_P25_S25.xlsx

H0.csv has the columns profile_id, period (winter, summer, transition), day (workday, saturday,
sunday), timestamp and watts, as BDEW's old workbook of 1999 is published again by the package
standardlastprofile; the .xlsx is BDEW's workbook of 2025.
"""

from __future__ import annotations

import csv
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from string import digits
from xml.etree import ElementTree

from broker.energy.bdew import FILE, SLOTS

SEASONS = ("winter", "summer", "transition")
"""In the order of `standard_load_profile.Season`."""
DAYS = ("workday", "saturday", "sunday")
DAYS_2025 = ("WT", "SA", "FT")
MONTHS = 12
PROFILES_2025 = {"h25": "H25", "p25": "P25", "s25": "S25"}
HEADS = 3
"""The row with the types of day, three of each month; the quarter hours follow below."""
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

Line = list[str | int]


def main(h0: Path, workbook: Path) -> None:
    """Writes the file."""
    lines = [*_h0(h0), *_of_2025(workbook)]
    text = "".join(",".join(map(str, line)) + "\n" for line in lines)
    FILE.write_text(text, encoding="ascii")


def _h0(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["profile_id"] == "H0"]
    for season, period in enumerate(SEASONS):
        for day_type, day in enumerate(DAYS):
            of_day = [row for row in rows if (row["period"], row["day"]) == (period, day)]
            of_day.sort(key=lambda row: row["timestamp"])
            values = [round(float(row["watts"]) * 10) for row in of_day]
            yield ["h0", season, day_type, *_whole(values)]


def _of_2025(path: Path) -> Iterator[Line]:
    for profile, sheet in PROFILES_2025.items():
        rows = _cells(path, sheet)
        columns = [column for column, head in rows[HEADS].items() if head in DAYS_2025]
        for month in range(MONTHS):
            of_month = columns[month * len(DAYS) : (month + 1) * len(DAYS)]
            for day_type, day in enumerate(DAYS_2025):
                (column,) = (column for column in of_month if rows[HEADS][column] == day)
                kwh = [float(row[column]) for row in rows[HEADS + 1 : HEADS + 1 + SLOTS]]
                values = [round(value * 1000) for value in kwh]
                yield [profile, month + 1, day_type, *_whole(values)]


def _whole(values: list[int]) -> list[int]:
    if len(values) != SLOTS or min(values) <= 0:
        raise SystemExit("A day in the tables hasn't 96 quarter hours above 0.")
    return values


def _cells(path: Path, sheet: str) -> list[dict[str, str]]:
    """The rows of a sheet: texts by the letters of their column."""
    with zipfile.ZipFile(path) as book:
        names = ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        number = [name.get("name") for name in names].index(sheet) + 1
        texts = [
            "".join(part.text or "" for part in item.iter(f"{MAIN}t"))
            for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))
        ]
        content = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))
    return [
        {cell.get("r", "").rstrip(digits): _text(cell, texts) for cell in row.iter(f"{MAIN}c")}
        for row in content.iter(f"{MAIN}row")
    ]


def _text(cell: ElementTree.Element, texts: list[str]) -> str:
    value = cell.findtext(f"{MAIN}v") or ""
    return texts[int(value)] if value and cell.get("t") == "s" else value


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
