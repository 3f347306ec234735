"""Where papers come from. Each kind is a module with the same parts:

    PAGE_SIZE                               items in a full answer, after which there may be another; None: one answer
    BY_DAY                                  whether past days can be asked for; else the source knows today only
    PAUSE                                   seconds between any two requests, as upstream's terms want it; or 0
    problem_with_key(key) -> str            what is wrong with a key that an admin typed; empty: nothing
    fetch(http, key, day, page) -> bytes    over the network; raises SourceError
    parse(body, day) -> Batch               pure; raises SourceError when the answer as a whole can't be read

To add one: write the module, name it in KINDS, record an answer for its test, add a line to the changelog.
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
    """What is wrong with `key` for a source of `kind`, and how to write it; empty when nothing is."""
    found: str = KINDS[kind].problem_with_key(key) if kind in KINDS else ""
    return found
