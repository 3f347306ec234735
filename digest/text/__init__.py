"""What sources send becomes clean plain Unicode: HTML, TeX and formulas; and texts in parts, to mark what was found."""
