"""The source kinds that papers come from. Each kind is a module with the same parts:

    PAGE_SIZE                               items in a full page, after which there may be another; None: one page only
    BY_DAY                                  True if past days can be fetched; False if the source has today's only
    PAUSE                                   seconds between any two requests, as the source's terms demand; or 0
    problem_with_key(key) -> str            the error in a key that an admin typed; empty if there is none
    fetch(http, key, day, page) -> bytes    uses the network; raises SourceError
    parse(body, day) -> Batch               pure; raises SourceError if the answer as a whole can't be read

CONTRIBUTING.md lists the steps to add a kind.
"""

from types import ModuleType

from digest.sources import arxiv, feed, huggingface, sample

KINDS: dict[str, ModuleType] = {
    "huggingface": huggingface,
    "arxiv": arxiv,
    "feed": feed,
    "sample": sample,
}


def problem_with_key(kind: str, key: str) -> str:
    """Return what is wrong with `key` for a source of `kind`, and how to write it; empty if the key is fine."""
    problem: str = KINDS[kind].problem_with_key(key) if kind in KINDS else ""
    return problem
