"""A failed fetch in plain words, with what an operator can do. The log of fetches keeps the message itself. Pure."""

import re

# The beginnings of messages of `digest.sources.http`, after the address, with advice. `{0}` is the first group, or the
# whole message.
ADVICE = (
    (r"the host .+ can't be found", "can’t be found. Check its address, and this server’s DNS."),
    (r"can't be reached", "can’t be reached. Check its address, and this server’s network."),
    (r"no answer in time|not finished after", "answers too slowly. It is tried again at the next run."),
    (r"the connection broke", "broke the connection. It is tried again at the next run."),
    (r"answered 429", "asks for fewer requests. It is tried again at the next run."),
    (r"answered 5\d\d", "has a problem of its own. It is tried again at the next run."),
    (r"answered 40[13]", "refuses access. Check whether it allows programs to read it."),
    (r"answered (?:404|410)", "has no such page. Check the source’s address, or deactivate the source."),
    (r"answered (\d+)", "refuses the request with status {0}. Open the source’s address in a browser to check it."),
    (r"larger than (\d+ MB)", "sends more than {0}, the limit. Look for a feed of its newest papers alone."),
    (
        r"a redirect leads to another host, https?://(?:[^/@\s]*@)?([^/\s?#]+)",
        "leads on to {0}. If you trust that host, enter its address as the source’s.",
    ),
    (r"more than (\d+) redirects", "leads on more than {0} times. Open the source’s address in a browser to check it."),
    (r"the compressed answer", "sends a damaged answer. It is tried again at the next run."),
    (
        r"leads to (\S+), which is not a public address",
        "is in a private network ({0}). If it is yours, set FETCH_PRIVATE_HOSTS=true, and restart.",
    ),
    (r"", "can’t be read: {0}"),
)
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/@\s]*@)?([^/\s?#]+?)(?:[/?#]\S*)?: ")
# The beginnings of messages about what a source answered, with advice.
OF_ANSWERS = (
    (
        r"not a feed: (.*)",
        "The answer is not a feed. Open the source’s address in a browser: the feed may have moved, or need a login. "
        "It begins: {0}",
    ),
    (r"not a readable feed: (.*)", "The feed is damaged: {0}. It is tried again at the next run."),
    (
        r"not (?:JSON|a list of papers|the expected XML): (.*)",
        "The answer is not a list of papers. It is tried again at the next run. It begins: {0}",
    ),
)


def explain(message: str) -> str:
    """Return what is wrong, at which host, and what to do, or `message` itself if it is of another kind."""
    address = ADDRESS.match(message)
    if not address:
        return _advice(OF_ANSWERS, message) or message
    return f"{address[1]} {_advice(ADVICE, message[address.end() :])}"


def _advice(advice: tuple[tuple[str, str], ...], what: str) -> str:
    for start, text in advice:
        if found := re.match(start, what, re.DOTALL):
            return text.format(*(found.groups() or [what]))
    return ""
