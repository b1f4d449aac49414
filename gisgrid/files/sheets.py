"""A workbook of text cells, written as a stream.

openpyxl writes a cell in about 40 µs, which for a refused file of a million rows is minutes;
all we need of the format is text, so it is written out here (ECMA-376, inline strings).
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_CELL_CHARACTERS = 32_767
# What XML 1.0 cannot hold; lone surrogates come from broken decoding.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Format 49 is "@", text: a code that a person types into such a cell stays a code.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


class TextWorkbook:
    """Sheets that take rows of text in any turn; ``save`` puts them into one file."""

    def __init__(self) -> None:
        self._sheets: list[TextSheet] = []

    def sheet(self, name: str) -> TextSheet:
        """A new sheet; a name has at most 31 characters."""
        self._sheets.append(TextSheet(name))
        return self._sheets[-1]

    def save(self, path: Path) -> None:
        """Write the file and forget the rows."""
        numbers = range(1, len(self._sheets) + 1)
        parts = "".join(
            f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}worksheet+xml"/>'
            for n in numbers
        )
        names = "".join(
            f'<sheet name={quoteattr(s.name)} sheetId="{n}" r:id="rId{n}"/>'
            for n, s in zip(numbers, self._sheets, strict=True)
        )
        links = "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n in numbers
        )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            archive.writestr(
                "[Content_Types].xml",
                f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
                f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}sheet.main+xml"/>'
                f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}styles+xml"/>{parts}</Types>',
            )
            archive.writestr(
                "_rels/.rels",
                f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
                f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            )
            archive.writestr(
                "xl/workbook.xml",
                f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>',
            )
            archive.writestr(
                "xl/_rels/workbook.xml.rels",
                f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}<Relationship '
                f'Id="rId{len(numbers) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
            )
            archive.writestr("xl/styles.xml", _STYLES)
            for n, sheet in zip(numbers, self._sheets, strict=True):
                with archive.open(f"xl/worksheets/sheet{n}.xml", "w", force_zip64=True) as part:
                    sheet.copy_to(part)


class TextSheet:
    """One sheet, kept in a temporary file until the workbook is saved."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  (closed by copy_to)
        self._file.write(f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())

    def append(self, values: Sequence[str | None]) -> None:
        """One row; None leaves a cell empty. Nothing is ever a formula or a number."""
        cells = "".join(map(_cell, values))
        self._file.write(f"<row>{cells}</row>".encode())

    def copy_to(self, part: IO[bytes]) -> None:
        self._file.write(b"</sheetData></worksheet>")
        self._file.seek(0)
        shutil.copyfileobj(self._file, part, 1 << 20)
        self._file.close()


def _cell(value: str | None) -> str:
    if not value:
        return '<c s="1"/>'
    text = escape(_ILLEGAL.sub("", value)[:_CELL_CHARACTERS])
    return f'<c s="1" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
