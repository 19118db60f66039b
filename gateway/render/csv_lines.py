"""Lines of CSV (RFC 4180) that are harmless in a spreadsheet."""

import csv
import io
from collections.abc import Iterable

# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection").
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_line(cells: Iterable[object]) -> str:
    r"""Write a line, with its `\r\n`; None is empty, and what a spreadsheet would take for a formula begins with '."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_harmless(cell) for cell in cells])
    return line.getvalue()


def _harmless(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.startswith(_FORMULAS) else cell
