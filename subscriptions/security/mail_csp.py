"""The Content-Security-Policy for an email that is shown in a browser. Pure."""

from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser


def policy_for(html: str, *, framed_by: str = "'none'") -> str:
    """Return a policy without scripts and external resources, and with only the email's own styles, by their hashes.

    `framed_by` is the source of the pages that may show it in a frame.
    """
    return (
        f"default-src 'none'; style-src {styles_in(html)}; img-src 'self' data:; form-action 'self'; base-uri 'self'; "
        f"frame-ancestors {framed_by}"
    )


def styles_in(html: str) -> str:
    """Return the sources for style-src that allow exactly the styles in `html`."""
    hashes = sorted(b64encode(sha256(style.encode()).digest()).decode() for style in _Styles(html).found)
    return " ".join(["'unsafe-hashes'", *(f"'sha256-{found}'" for found in hashes)])


class _Styles(HTMLParser):
    """A parser that collects the styles of an email from its attributes and elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name == "style" and value}

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self.found.add(data)
