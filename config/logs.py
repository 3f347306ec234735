"""What is kept out of the logs: the tokens in readers' links, each of which is a key to one reader's door."""

import logging
import re

_TOKEN = re.compile(
    r"(/(?:confirm|preferences|unsubscribe|change-address|come-back|digests|feeds/personal)/)[\w.%-]{20,}"
)


class WithoutTokens(logging.Filter):
    """Django names the path of what it could not answer; the path stays, without the token."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        told = _TOKEN.sub(r"\1…", said)
        if told != said:
            record.msg, record.args = told, ()
        return True
