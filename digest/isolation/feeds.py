"""feedparser for the child process. This module imports nothing else of ours."""

import io
import json

import feedparser


def parse(body: bytes) -> bytes:
    """Return feedparser's result for `body` as JSON: `version`, `feed`, `entries`, and the error in `bozo`."""
    try:
        # A stream, because feedparser would open bytes that are the name of a file.
        parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    except MemoryError:
        raise
    except Exception as error:  # feedparser does not catch all errors of malformed input
        raise ValueError(f"{type(error).__name__}: {error}") from error
    bozo = str(parsed.get("bozo_exception", "")) if parsed.bozo else ""
    result = {"version": parsed.version, "feed": parsed.feed, "entries": parsed.entries, "bozo": bozo}
    return json.dumps(result, default=str).encode()
