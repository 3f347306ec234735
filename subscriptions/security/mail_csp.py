"""Under which policy a mail is shown in a browser. Pure."""

from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser


def policy_for(html: str, *, framed_by: str = "'none'") -> str:
    """Nothing is run, nothing comes from elsewhere, and only the styles that stand in the mail count, by their hashes.

    `framed_by`: whose pages may show it in a frame.
    """
    return (
        f"default-src 'none'; style-src {styles_in(html)}; img-src 'self' data:; form-action 'self'; base-uri 'self'; "
        f"frame-ancestors {framed_by}"
    )


def styles_in(html: str) -> str:
    """What a policy says of the styles that stand in `html`: these, and no others."""
    hashes = sorted(b64encode(sha256(style.encode()).digest()).decode() for style in _Styles(html).found)
    return " ".join(["'unsafe-hashes'", *(f"'sha256-{found}'" for found in hashes)])


class _Styles(HTMLParser):
    """The styles in a mail, in attributes and elements: all that it needs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name == "style" and value}

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self.found.add(data)
