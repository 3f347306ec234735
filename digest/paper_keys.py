"""The keys of papers at arXiv: `arxiv:` and the paper's number there, without a version. Pure."""

ARXIV_PREFIX = "arxiv:"


def arxiv_key(number: str) -> str:
    return f"{ARXIV_PREFIX}{number}"


def is_at_arxiv(key: str) -> bool:
    return key.startswith(ARXIV_PREFIX)


def arxiv_number(key: str) -> str:
    """Return the paper's number at arXiv, or "" if it is not there."""
    return key.removeprefix(ARXIV_PREFIX) if is_at_arxiv(key) else ""
