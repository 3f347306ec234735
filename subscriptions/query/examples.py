"""The query language by example: the one table that the sign-up form and the search page show to readers.

`docs/query-language.md` says the same in more detail; a test keeps its examples and these together.
"""

from collections.abc import Iterator
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

ABOUT = "about: how an assistant can remember"
WITHOUT_MEANING = _("papers with the telling words of a sentence")
IN_DIGESTS = _("close in meaning to a sentence")
IN_SEARCH = _(
    "papers that share words with this sentence, closest in meaning first; emails also find others by meaning alone"
)


class QueryExample(NamedTuple):
    """A query and what it finds; `variants` are other spellings that the meaning names."""

    query: str
    meaning: str | Promise
    variants: dict[str, str] = {}  # never changed

    @property
    def html(self) -> SafeString:
        """The meaning in the active language, with each variant as code."""
        codes = {name: format_html("<code>{}</code>", query) for name, query in self.variants.items()}
        meaning = escape(str(self.meaning))
        return mark_safe(meaning % codes if codes else meaning)  # noqa: S308  # escaped above


EXAMPLES = (
    QueryExample("diffusion models, flow matching", _("papers that mention either")),
    QueryExample('"chain of thought"', _("exactly these words in a row")),
    QueryExample('"reason, then act"', _("quotes keep a phrase with a comma together")),
    QueryExample("-medical imaging", _("no papers that mention this")),
    QueryExample(ABOUT, IN_DIGESTS),
    QueryExample(
        "author:Yann LeCun",
        _("papers by this author; in quotes also %(quoted)s"),
        {"quoted": 'author:"LeCun, Yann"'},
    ),
    QueryExample("cat:cs.CL", _("papers of this arXiv category; %(below)s for all below it"), {"below": "cat:cs.*"}),
    QueryExample(
        "GUI agents, ignore:mobile", _("doesn’t also look for this related word; the preview lists such words")
    ),
    QueryExample("votes:20", _("only papers with 20 votes or more")),
)


def examples(*, by_meaning: bool, in_search: bool = False) -> Iterator[QueryExample]:
    """Yield the rows of the table. A sentence finds less if the site has no embeddings, and less in a search."""
    sentence = (IN_SEARCH if in_search else IN_DIGESTS) if by_meaning else WITHOUT_MEANING
    for example in EXAMPLES:
        yield example._replace(meaning=sentence) if example.query == ABOUT else example
