"""A failed fetch in plain words, with what an operator can do. The log of fetches keeps the message itself. Pure."""

import re

# The beginnings of messages of `digest.sources.http`, after the address, with advice.
ADVICE = (
    (r"the host .+ can't be found", "can’t be found. Check its address, and this server’s DNS."),
    (r"can't be reached", "can’t be reached. Check its address, and this server’s network."),
    (r"no answer in time|not finished after", "answers too slowly. It is tried again at the next run."),
    (r"the connection broke", "broke the connection. It is tried again at the next run."),
    (r"answered 429", "asks for fewer requests. It is tried again at the next run."),
    (r"answered 5\d\d", "has a problem of its own. It is tried again at the next run."),
    (r"answered 40[13]", "refuses access. Check whether it allows programs to read it."),
    (r"answered (404|410)", "has no such page. Check the source’s address, or deactivate the source."),
)
ADDRESS = re.compile(r"https?://(?:[^/@\s]*@)?([^/\s?#]+?)(?:[/?#]\S*)?: ")


def explain(message: str) -> str:
    """Return what is wrong and what to do, or `message` itself if it is of another kind."""
    address = ADDRESS.match(message)
    if not address:
        return message
    what = message[address.end() :]
    return next((f"{address[1]} {advice}" for start, advice in ADVICE if re.match(start, what)), message)
