"""Turn what sources send into clean plain Unicode: HTML, LaTeX and formulas; and find the links in a text."""
