"""The accepted findings of email tools, with the reasons why they do no harm."""

from tests.email.tools import Markup, Verdict

SPAMASSASSIN_MOST = 0.5  # points
RSPAMD_MOST = 6.0  # points; from there on it adds a header that marks the email as spam
# Rules about the sending host. The tests have none, so no name and no DNS.
OF_THE_HOST = ("HFILTER_", "ONCE_RECEIVED", "RCVD_", "RDNS_", "R_SPF", "DMARC_", "ASN_FAIL")

# Features that some mail clients do not support fully, according to caniemail, and the fallback.
FEATURES = {
    # Gmail and others drop the body and its attributes. The div inside repeats them.
    "<body> element",
    "lang attribute",
    "dir attribute",
    "aria-label attribute",
    "role attribute",
    # The style element only adds to the inlined styles: dark mode and phones.
    "<style> element",
    "!important keyword",
    "@media",
    "Attribute selector",
    "Chaining selectors",
    "Class selector",
    "Descendant combinator",
    "Type selector",
    # Decoration only: the text is readable without them.
    "background",
    "border",
    "border-radius",
    "display",
    "font-size",
    "font-weight",
    "letter-spacing",
    "line-height",
    "margin",
    "padding",
    "text-align",
    "text-decoration",
    "text-decoration-color",
    "text-decoration-thickness",
    "text-underline-offset",
    "text-transform",
    "transform",  # text-transform, which caniemail takes for transform
    "vertical-align",
    # Each is a fallback for another: a table 600 pixels wide for Outlook on Windows, max-width for the rest.
    "max-width",
    "width attribute",
    "width property",
    "align attribute",
    "table-layout",
    # They hide the preheader. If they have no effect, mso-hide does.
    "display:none",
    "height property",
    "overflow",
    # A picture beside the text. Outlook on Windows lacks it, and aligns the picture by its attribute.
    "float",
    "clear",
    # It keeps hyphenated words of titles whole. Without it, a title may break at a hyphen.
    "white-space",
    # They break words that are wider than a phone. Without them, that line scrolls.
    "overflow-wrap",
    "word-break",
}


def by_spamassassin(verdict: Verdict) -> list[str]:
    """Return what SpamAssassin finds wrong with the email."""
    found = [f"{verdict.score} points"] if verdict.score > SPAMASSASSIN_MOST else []
    return found + [rule for rule, points in verdict.rules.items() if points > 0 and rule != "HTML_MESSAGE"]


# One point of six for an odd number of links in both parts together: the text part has one link for the three ratings.
OF_LINKS = ("URI_COUNT_ODD",)


def by_rspamd(verdict: Verdict) -> list[str]:
    """Return what rspamd finds wrong with the email, without the rules about the host."""
    ours = {rule: points for rule, points in verdict.rules.items() if not rule.startswith((*OF_THE_HOST, *OF_LINKS))}
    found = [f"{verdict.score} points"] if verdict.score >= RSPAMD_MOST else []
    return found + [rule for rule, points in ours.items() if points > 0]


def by_caniemail(markup: Markup) -> set[str]:
    """Return the features in use that some mail client lacks and that are not in FEATURES."""
    return {feature for _, feature in markup.unsupported} - FEATURES
