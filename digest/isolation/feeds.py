"""feedparser, for the child process: importing this imports nothing else of ours."""

import io
import json

import feedparser


def parse(body: bytes) -> bytes:
    """Return what feedparser makes of `body`, as JSON: `version`, `feed`, `entries`, and in `bozo` what is wrong."""
    try:
        # A stream: bytes that are the name of a file would be taken for it.
        found = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except MemoryError:
        raise
    except Exception as error:  # there are many ways to write nonsense, and feedparser knows not all
        raise ValueError(f"{type(error).__name__}: {error}") from error
    bozo = str(found.get("bozo_exception", "")) if found.bozo else ""
    told = {"version": found.version, "feed": found.feed, "entries": found.entries, "bozo": bozo}
    return json.dumps(told, default=str).encode()
