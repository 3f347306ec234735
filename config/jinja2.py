"""The Jinja2 environment of pages and emails."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone, translation
from jinja2 import Environment, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from config.middleware import language
from digest.email import bold_terms, contents, excerpts, figures, formatting, reason_line, reasons, welcome
from digest.matching import highlight
from digest.personalization import embeddings, snapshot
from digest.site import authors, feeds
from digest.text import hyphens, urlize
from subscriptions import brand, colors
from subscriptions.query import examples
from subscriptions.readers import arrival, consents, follow_names, follows
from subscriptions.security import bot_check, link_tokens
from subscriptions.time_zones import time_in


class Site:
    """The current brand. It is looked up at each use, because templates are compiled once and rendered often."""

    def __getattr__(self, name: str) -> Any:
        return getattr(brand.current(), name)


def english(attribute: str = "lang") -> Markup:
    """Return the attribute that marks an element as English on a page in another language; "" on an English page.

    Screen readers and hyphenation need it for the text of papers.
    """
    return Markup("") if translation.get_language() == "en" else Markup(' {}="en"').format(attribute)


def unbroken(text: str) -> Markup:
    """Return `text` as HTML without line breaks after the hyphen that begins an excluded term such as -surveys."""
    return Markup(re.sub(r"(?<!\w)-\w+", r'<span class="unbroken">\g<0></span>', str(escape(text))))  # noqa: S704


def code(text: str) -> Markup:
    """Return `text` as HTML, with what is in backquotes as code."""
    parts = text.split("`")
    marked = (Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in enumerate(parts))
    return Markup("").join(marked)


def near_date(day: dt.date) -> str:
    """Return a date for cards. It has its year only if that is not this year."""
    return formatting.short_date(day) if day.year == timezone.now().year else formatting.plain_date(day)


def querystring(parameters: Mapping[str, str]) -> str:
    """Return the query of an address, such as “?sort=stars”, without empty parameters; "" if there are none."""
    given = {name: value for name, value in parameters.items() if value}
    return f"?{urlencode(given)}" if given else ""


def environment(**options: Any) -> Environment:
    """Return the environment. It escapes in `.html` and `.xml` but not in `.txt`; undefined variables are errors."""
    options |= {
        "autoescape": select_autoescape(["html", "xml"]),
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "extensions": ["jinja2.ext.i18n"],
    }
    env = Environment(**options)  # noqa: S701  # autoescape is among the options
    env.globals |= {"url": reverse, "static": static, "site": Site()}
    env.globals |= {"language": translation.get_language, "bidi": translation.get_language_bidi}
    env.globals |= {"english": english, "languages": language.choices, "default_accent": colors.ACCENT}
    env.globals |= {"has_imprint": lambda: bool(settings.IMPRINT_TEXT)}
    env.globals |= {"link_days": link_tokens.CONFIRMATION_DAYS}
    env.globals |= {"by_meaning": embeddings.is_available, "what_comes": welcome.describe_start}
    env.globals |= {"arrives": arrival.describe, "arrives_for": arrival.describe_for}
    env.globals |= {"clock_time": arrival.clock_time, "time_in": time_in}
    env.globals |= {"query_examples": examples.examples, "names_of": follow_names.names_of}
    env.globals |= {"stamp": bot_check.stamp, "consent_text": consents.text, "version_of": consents.version_of}
    # Pages know the signed-in reader (config.middleware.signed_in_reader). Emails and pages without a request don't.
    env.globals |= {"reader": None, "reader_state": None, "messages": (), "follow_words": follows.as_words}
    env.filters |= formatting.FILTERS | reasons.FILTERS | reason_line.FILTERS
    env.filters |= contents.FILTERS | excerpts.FILTERS | figures.FILTERS
    env.filters |= {
        "emphasized": bold_terms.emphasized,
        "shown": snapshot.shown,
        "mark": highlight.split_highlights,
        "by_words": hyphens.by_words,
        "split_hyphenated": hyphens.split_hyphenated,
        "link": urlize.split_links,
        "plain": feeds.plain,
        "rfc3339": feeds.rfc3339,
        "unbroken": unbroken,
        "code": code,
        "querystring": querystring,
        "near_date": near_date,
    }
    env.filters |= {"author_key": authors.key_of}
    env.filters |= {"paragraphs": lambda text: re.split(r"\n\s*\n", text.strip())}
    # The functions translate into the language that is active while rendering.
    env.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext,
        translation.ngettext,
        newstyle=True,
        pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )
    return env
