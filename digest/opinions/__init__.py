"""The opinions of readers about papers: ratings, reasons, the reading list, and likes of imported papers."""
