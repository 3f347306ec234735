"""Cells that no spreadsheet program runs."""

import pytest

from subscriptions.exchange.formulas import csv_lines, with_formula, without_formula


@pytest.mark.parametrize("before", ["", "\t", "\r", "A;", "A; ", "a, ", "note\n"])
@pytest.mark.parametrize("formula", ["=1", "+1", "-1", "@a", "＝1"])  # a full-width sign
def test_no_cell_is_a_formula_wherever_a_program_splits_it(before: str, formula: str) -> None:
    assert without_formula(f"{before}{formula}") == f"{before}'{formula}"
    assert with_formula(f"{before}'{formula}") == f"{before}{formula}"
    assert without_formula(f"well-known {formula}") == f"well-known {formula}"


def test_it_writes_lines_without_formulas() -> None:
    assert csv_lines([["=1+1", 'a "quoted", cell']]) == '\'=1+1,"a ""quoted"", cell"\r\n'
