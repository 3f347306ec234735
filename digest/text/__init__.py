"""Plain Unicode text out of HTML, LaTeX and formulas; links in texts; authors' names; stop words."""
