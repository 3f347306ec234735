"""Make the database keep the words of all papers, for the full-text search.

The SQL is a frozen copy: the code of the search may change, what this migration does may not.
"""

import unicodedata

from django.db import migrations

TABLE = "digest_paper_words"  # SQLite's
INDEX = "digest_paper_words"
CONFIGURATION, DICTIONARY = "digest_words", "digest_stems"
WORDS = "asciiword, word, numword, asciihword, hword, numhword, hword_asciipart, hword_part, hword_numpart"
EUROPEAN, LATIN = range(0xC0, 0x180), range(0xC0, 0x2000)  # the letters of texts, and of names
LONGEST = 100_000  # characters of a text that are indexed: a tsvector holds a megabyte
TRIGGERS = ("added", "removed", "changed")


def base_of(letter):
    """Return the ASCII letter below an accent, or an empty string."""
    first, *marks = list(unicodedata.normalize("NFKD", letter))
    return first if first.isascii() and first.isalpha() and marks and all(map(unicodedata.combining, marks)) else ""


def plain(text, letters):
    """Return SQL for `text` without the accents of `letters` and without signs that join words."""
    bases = {chr(code): base_of(chr(code)) for code in letters}
    accented = {letter: base for letter, base in bases.items() if base}
    signs = "./-_+:@&=%"
    return f"translate(left({text}, {LONGEST}), '{''.join(accented)}{signs}', '{''.join(accented.values())}{' ' * len(signs)}')"


TITLES = "title || ' ' || keywords::text"
CATEGORIES = """replace(replace(replace(lower(categories::text), '.', '0'), '-', '9'), '"', ' cat')"""
COLUMNS = {
    "words_in_title": f"to_tsvector('{CONFIGURATION}', {plain(TITLES, EUROPEAN)})",
    "words_in_text": f"""to_tsvector('{CONFIGURATION}', {plain(f"{TITLES} || ' ' || abstract", EUROPEAN)})""",
    "words_in_facets": f"to_tsvector('simple', {plain('authors::text', LATIN)} || ' ' || {CATEGORIES})",
}


def add(apps, schema_editor):
    """Add generated columns and their index on PostgreSQL.

    On SQLite there is nothing to do: its table and triggers are made after each run of `migrate`, because migrations
    that change the table of papers drop the triggers (see `digest.signals`).
    """
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_ts_config WHERE cfgname = %s", [CONFIGURATION])
        if not cursor.fetchone():
            cursor.execute(f"CREATE TEXT SEARCH DICTIONARY {DICTIONARY} (TEMPLATE = snowball, LANGUAGE = english)")
            cursor.execute(f"CREATE TEXT SEARCH CONFIGURATION {CONFIGURATION} (COPY = pg_catalog.english)")
            cursor.execute(f"ALTER TEXT SEARCH CONFIGURATION {CONFIGURATION} ALTER MAPPING FOR {WORDS} WITH {DICTIONARY}")
        for column, expression in COLUMNS.items():
            cursor.execute(
                f"ALTER TABLE digest_paper ADD COLUMN IF NOT EXISTS {column} tsvector "
                f"GENERATED ALWAYS AS ({expression}) STORED"
            )
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {INDEX} ON digest_paper USING gin ({', '.join(COLUMNS)})")


def remove(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            for column in COLUMNS:
                cursor.execute(f"ALTER TABLE digest_paper DROP COLUMN IF EXISTS {column}")
            cursor.execute(f"DROP TEXT SEARCH CONFIGURATION IF EXISTS {CONFIGURATION}")
            cursor.execute(f"DROP TEXT SEARCH DICTIONARY IF EXISTS {DICTIONARY}")
        else:
            for trigger in TRIGGERS:
                cursor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_{trigger}")
            cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")


class Migration(migrations.Migration):
    dependencies = [("digest", "0010_shards")]
    operations = [migrations.RunPython(add, remove)]
