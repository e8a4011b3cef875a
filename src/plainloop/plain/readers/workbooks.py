# needs: fastexcel, polars
"""Sheets of Excel workbooks as CSV, which tables.py reads on as any other. Stands beside it.

Cells come as what they hold, not as what Excel shows: numbers with all their digits, times in ISO form, of a formula its last
result. Copied into ejected projects where the table is a workbook.
"""

from __future__ import annotations

import fastexcel
import numpy as np
import polars as pl

from .table_faults import DamagedFile


def sheets(name: str, data: bytes) -> dict[str, int]:
    """The sheets of a workbook that hold something, in their order, and how many cells each has. Raises: DamagedFile."""
    book = _opened(name, data)
    found = {sheet: book.load_sheet(sheet, header_row=None, dtypes="string") for sheet in book.sheet_names}
    return {sheet: cells.height * cells.width for sheet, cells in found.items() if cells.height * cells.width}


def sheet(name: str, data: bytes, member: str) -> bytes:
    """One sheet as CSV in UTF-8; the only sheet of a workbook whatever it is called. Raises: DamagedFile.

    An empty row is an empty line, so that line numbers are those of the sheet's rows.
    """
    book = _opened(name, data)
    if member not in book.sheet_names and len(book.sheet_names) > 1:
        raise DamagedFile(name, f'it has no sheet "{member}", but {", ".join(book.sheet_names)}')
    found = member if member in book.sheet_names else 0
    frame = book.load_sheet(found, header_row=None, dtypes="string").to_polars()
    empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series().to_numpy()
    ends = [*np.flatnonzero(empty).tolist(), len(frame)]
    starts = [0, *(end + 1 for end in ends[:-1])]
    parts = [frame[start:end] for start, end in zip(starts, ends, strict=True)]
    return b"\n".join(part.write_csv(include_header=False).encode() if len(part) else b"" for part in parts)


def _opened(name: str, data: bytes) -> fastexcel.ExcelReader:
    try:
        return fastexcel.read_excel(data)
    except fastexcel.FastExcelError as error:
        raise DamagedFile(name, f"the workbook cannot be read ({str(error).splitlines()[0]})") from error
