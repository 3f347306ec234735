"""The one line of an email or a list that says why a paper was chosen. `reasons` has all the evidence. Pure."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from django.utils.translation import gettext as _
from markupsafe import Markup

from digest.email.formatting import isolated, shorten, translated, wrapped
from digest.email.quoted_printable import escape
from digest.matching import OWN_WORDS, Finding, Reason, fold, stem
from digest.text.stop_words import STOP_WORDS

MAX_NAMES = 2  # things that the reader follows
MAX_WORDS = 4  # in what matched
MAX_TOGETHER = 36  # characters of a name and of what matched, so that the line is one line of an email
SAME_START = 5  # letters that two forms of a word have in common
MAX_TITLE_LENGTH = 45  # characters of a liked paper's title: the line stays one line of an email
MAX_LENGTH = 40  # characters of a name or of what matched
AT_NO_END = {word for word in STOP_WORDS if len(word) > 1} | {"a"}  # other letters mean something, as in “T cell”
# Kinds of reasons that name a reader's own words.
OWN_KINDS = ("author", "phrase", "category", "meaning", "topic", "words", "assessment")

Style = Callable[[str], str]


def reason_line(findings: Sequence[Finding], under: str = "") -> str:
    """Return why the paper was chosen, as text, or "" if only votes speak for it: they are shown anyway.

    `under` is the heading that the paper is shown under, if any. The line does not repeat it.
    """
    return _line(findings, under, str, str, str)


def reason_line_in_html(findings: Sequence[Finding], under: str = "") -> Markup:
    """Return the line of `reason_line` as HTML, with the names of what the reader follows in bold."""
    return Markup(html(findings, under))  # noqa: S704  # escaped there


def followed_in_html(findings: Sequence[Finding]) -> Markup:
    """Return the first part of the line, which names what the reader follows, for lists with little room."""
    return Markup(html(findings, is_short=True))  # noqa: S704  # escaped there


def html(findings: Sequence[Finding], under: str = "", *, is_short: bool = False) -> str:
    """Return the line as HTML, escaped as HTML serializers do."""
    return _line(
        findings,
        under,
        lambda name: f"<b>{escape(name)}</b>",
        lambda title: f'<i lang="en">{escape(title)}</i>',
        escape,
        is_short=is_short,
    )


def reason_line_in_text(findings: Sequence[Finding], under: str = "") -> str:
    """Return the line of `reason_line` for the text part of an email: wrapped and indented."""
    line = reason_line(findings, under)
    return wrapped(line, indent=2) if line else ""


def _line(
    findings: Sequence[Finding],
    under: str,
    name_style: Style,
    title_style: Style,
    style: Style,
    *,
    is_short: bool = False,
) -> str:
    found = list(chain.from_iterable(finding.reasons for finding in findings))
    if found and found[0].kind == "sentence":  # a whole line already
        return style(found[0].found)
    names = _without_twins(list(dict.fromkeys(chain.from_iterable(map(names_of, findings)))), under)
    if not names:
        return _liked_line(found, title_style, style)
    headings = under.split(", ") if under not in names else []  # a heading of several of the reader's own words
    headed = [name for name in names if name in headings]
    others = [name for name in names if name != under and name not in headed]
    line = ""
    if others:
        because = _("Because you follow %(names)s") if others == names else _("Because you also follow %(names)s")
        line = style(because) % {"names": _joined(others, name_style, style)}
        if is_short:
            return line
    extra = _nearest_liked(found, title_style, style) or style(_judged_by_ai(found))
    if headed and not extra:  # below several names, the line says which of them the paper has
        extra = style(_("matched %(names)s")) % {"names": _joined(headed, style, style)}
    elif not extra and under not in names:  # the words that matched add nothing to a heading that says why
        extra = style(_what_matched(found, names))
    return f"{line} · {extra}" if line and extra else line or extra[:1].upper() + extra[1:]


def _liked_line(reasons: Sequence[Reason], title_style: Style, style: Style) -> str:
    """Return the line for a paper that no other filter found, or "" if only votes speak for it."""
    for reason in reasons:
        if reason.kind == "liked":
            is_saved = reason.where == "saved"
            line = (
                _("Close to “%(title)s”, which you saved") if is_saved else _("Close to “%(title)s”, which you liked")
            )
            return style(line) % {"title": title_style(_title(reason))}
    return ""


def _joined(names: Sequence[str], name_style: Style, style: Style) -> str:
    shown = list(map(name_style, names[:MAX_NAMES]))
    if more := len(names) - len(shown):
        return style(_("%(names)s and %(number)s more")) % {"names": ", ".join(shown), "number": more}
    return style(_("%(one)s and %(other)s")) % {"one": shown[0], "other": shown[1]} if shown[1:] else shown[0]


def names_of(finding: Finding) -> Iterator[str]:
    """Yield the names of what the reader follows: a topic, or what was found of the reader's own words."""
    if finding.interest == OWN_WORDS:
        yield from _own_names(finding.reasons)
    elif finding.interest and not all(reason.kind in ("votes", "liked") for reason in finding.reasons):
        yield name_of(finding.interest)


def _without_twins(names: Sequence[str], under: str) -> list[str]:
    """Leave out a topic that the reader's own words are about, if it is followed itself or is the heading."""
    twins = {_("“%(words)s”") % {"words": name} for name in (*names, under)} - {under}
    return [name for name in names if name not in twins]


def name_of(interest: str) -> str:
    return isolated(shorten(translated(interest), MAX_LENGTH))


def _own_names(reasons: Sequence[Reason]) -> Iterator[str]:
    """Yield the names of one kind, as the reader typed them where that is known."""
    for kind in OWN_KINDS:
        found = [reason.asked or reason.found for reason in reasons if reason.kind == kind]
        if kind == "words":
            asked = [reason.asked for reason in reasons if reason.kind == kind and reason.asked]
            found = asked or [word for words in found for word in words.split(", ")]
        found = list(dict.fromkeys(found))
        if found:
            kept = [text for text in found if not _is_repeated(text, [other for other in found if other != text])]
            yield from (_own_name(kind, text) for text in (kept or found)[:MAX_NAMES])
            return


def _own_name(kind: str, found: str) -> str:
    name = isolated(shorten(translated(found) if kind == "topic" else found, MAX_LENGTH))
    return name if kind in ("author", "category") else _("“%(words)s”") % {"words": name}


def _nearest_liked(reasons: Sequence[Reason], title_style: Style, style: Style) -> str:
    """Return the liked paper that this one is close to, or ""."""
    titles = (title_style(_title(reason)) for reason in reasons if reason.kind == "liked")
    return next((style(_("close to “%(title)s”")) % {"title": title} for title in titles), "")


def _title(reason: Reason) -> str:
    return isolated(shorten(reason.found, MAX_TITLE_LENGTH))


def _judged_by_ai(reasons: Sequence[Reason]) -> str:
    return _("judged by an AI model") if any(reason.kind == "assessment" for reason in reasons) else ""


def _what_matched(reasons: Sequence[Reason], names: Sequence[str]) -> str:
    """Return words that matched and that `names` do not contain, or ""."""
    if len(names) > 1:
        return ""
    for reason in sorted(reasons, key=lambda reason: reason.where != "title"):  # each finding has its strongest first
        words = _content_words(reason)
        is_short = len(words.split()) <= MAX_WORDS and len("".join([words, *names])) <= MAX_TOGETHER
        if words and is_short and _says_more(reason, words, names):
            return _("matched “%(words)s”") % {"words": isolated(words)}
    return ""


def _content_words(reason: Reason) -> str:
    """Return what was found without stop words at its ends, or "" if one word is left, as of “A Benchmark for”."""
    if reason.interest == OWN_WORDS:
        return reason.found  # as the reader asked for it
    words = kept = reason.found.split()
    while kept and kept[0].lower() in AT_NO_END:
        kept = kept[1:]
    while kept and kept[-1].lower() in AT_NO_END:
        kept = kept[:-1]
    return " ".join(kept) if len(kept) > 1 or kept == words else ""


def _says_more(reason: Reason, words: str, names: Sequence[str]) -> bool:
    """Return whether the paper has something else than `names`, and not only another form of them."""
    if reason.interest == OWN_WORDS and reason.asked:
        return reason.kind in ("phrase", "words") and not _is_repeated(words, names)
    return reason.kind == "phrase" and not _is_repeated(words, names) and not _begins_like_a_name(words, names)


def _begins_like_a_name(word: str, names: Sequence[str]) -> bool:
    """Return whether a single word is another form of one in `names`, such as “Bench” for “Benchmarks”."""
    start = word.casefold()[:SAME_START]
    alike = (part.casefold().startswith(start) for name in names for part in name.split())
    return len(start) == SAME_START and " " not in word and any(alike)


def _is_repeated(text: str, others: Sequence[str]) -> bool:
    """Return whether one of `others` contains `text`, except for hyphens and endings."""
    return any(_spaced(text) in _spaced(other) for other in others)


def _spaced(phrase: str) -> str:
    words = fold(phrase).strip("“”„").replace("-", " ").split()
    return f" {' '.join(map(stem, words))} "


FILTERS = {
    "reason_line": reason_line,
    "followed_in_html": followed_in_html,
    "reason_line_in_html": reason_line_in_html,
    "reason_line_in_text": reason_line_in_text,
}
