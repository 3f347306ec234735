"""What the judges of mails may say, with the reasons why it does no harm."""

from tests.email.tools import Markup, Verdict

SPAMASSASSIN_MOST = 0.5  # points
RSPAMD_MOST = 6.0  # points: from there on it adds a header that files the mail under spam
# About the machine that hands over, which is none here, with neither name nor DNS.
OF_THE_HOST = ("HFILTER_", "ONCE_RECEIVED", "RCVD_", "RDNS_", "R_SPF", "DMARC_", "ASN_FAIL")

# Features that some mail clients lack or half have, by caniemail, and what they show instead.
FEATURES = {
    # Gmail and others take the body for theirs, and drop its attributes: the div within says it all again.
    "<body> element",
    "lang attribute",
    "dir attribute",
    "aria-label attribute",
    "role attribute",
    # The style element only adds to the inlined styles: dark mode, telephones.
    "<style> element",
    "!important keyword",
    "@media",
    "Attribute selector",
    "Chaining selectors",
    "Class selector",
    "Descendant combinator",
    "Type selector",
    # Looks only: without them the text stands just as well.
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
    "transform",  # of text, which caniemail takes for the other one
    "vertical-align",
    # Each of them backs the others: a table of 600 for Outlook on Windows, max-width for the rest.
    "max-width",
    "width attribute",
    "width property",
    "align attribute",
    "table-layout",
    # Hides the preheader; mso-hide does where these do not.
    "display:none",
    "height property",
    "overflow",
    # Breaks what is longer than a telephone is wide. Without it that line is scrolled.
    "overflow-wrap",
    "word-break",
}


def by_spamassassin(verdict: Verdict) -> list[str]:
    """What stands against the mail; empty when it may go."""
    found = [f"{verdict.score} points"] if verdict.score > SPAMASSASSIN_MOST else []
    return found + [rule for rule, points in verdict.rules.items() if points > 0 and rule != "HTML_MESSAGE"]


def by_rspamd(verdict: Verdict) -> list[str]:
    """What stands against the mail, but for what is about the host; empty when it may go."""
    ours = {rule: points for rule, points in verdict.rules.items() if not rule.startswith(OF_THE_HOST)}
    found = [f"{verdict.score} points"] if verdict.score >= RSPAMD_MOST else []
    return found + [rule for rule, points in ours.items() if points > 0]


def by_caniemail(markup: Markup) -> set[str]:
    """Features in use that some mail client lacks, and that nobody has thought about."""
    return {feature for _, feature in markup.unsupported} - FEATURES
