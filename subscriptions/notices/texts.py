"""The texts of the transactional emails: confirmation, welcome, link, new address, goodbye, erasure and others."""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from subscriptions import brand
from subscriptions.models import OwedNotice, Subscriber
from subscriptions.readers import address_change, arrival, follow_names, lifecycle
from subscriptions.security import link_tokens
from subscriptions.security.link_tokens import Purpose

Kind = OwedNotice.Kind


@dataclass(frozen=True)
class Note:
    """An email of a few paragraphs, with a button if there is something to do.

    An email that belongs to a subscription, as digests do, ends like a digest: with the reason for it and the links
    to change the settings and unsubscribe.
    """

    to: str
    subject: str
    paragraphs: tuple[str, ...]
    label: str = ""
    url: str = ""
    headline: str = ""  # if it differs from the subject, because the site's name is above it
    why: str = ""
    preferences_url: str = ""
    unsubscribe_url: str = ""


def write(notice: OwedNotice) -> Note:
    return _WRITERS[Kind(notice.kind)](notice)


def _confirm(notice: OwedNotice) -> Note:
    """Write the confirmation. Anyone can type anyone's address, so it names no words that could be misused."""
    look = brand.current()
    reader, follows = lifecycle.preview_of_confirmation(notice.subscriber)
    if follows:
        asked = _("You, or someone using your address, signed up at %(host)s for papers on: %(choice)s.")
    else:
        asked = _("You, or someone using your address, signed up at %(host)s for the day’s top-voted papers.")
    return Note(
        notice.address,
        _("Please confirm your subscription to %(site)s") % {"site": look.name},
        (
            asked % {"host": look.host, "choice": follow_names.listed(follow_names.names_of(follows))},
            _("The link works for %(days)s days. Once you confirm, digests come %(when)s.")
            % {"days": link_tokens.CONFIRMATION_DAYS, "when": arrival.describe_for(reader, follows)},
            _(
                "If this wasn’t you, ignore this email. Unless you confirm, we won’t send you any papers, and we’ll "
                "delete your address after %(days)s days."
            )
            % {"days": lifecycle.UNCONFIRMED_LIFETIME.days},
        ),
        _("Confirm subscription"),
        link_tokens.make_url(Purpose.CONFIRM, notice.subscriber),
        headline=_("Please confirm your subscription"),
    )


def _already_subscribed(notice: OwedNotice) -> Note:
    """Write to a reader who signed up again. The link offers to add the topics and papers of that sign-up."""
    reader, name = notice.subscriber, brand.current().name
    preferences_url = link_tokens.make_url(Purpose.PREFERENCES, reader)
    again = _(
        "You, or someone using your address, signed up for %(site)s again. You are already subscribed, so "
        "nothing has changed."
    ) % {"site": name}
    settings_text = _("To change your topics, delivery time or number of papers, or to pause, open your settings.")
    offers, button = _offers(reader)
    return Note(
        notice.address,
        _("You are already subscribed to %(site)s") % {"site": name},
        (" ".join([again, *offers]), settings_text),
        button,
        f"{preferences_url}add/" if offers else preferences_url,
        why=_("You get this email because this address was used to sign up again."),
        preferences_url=preferences_url,
        unsubscribe_url=link_tokens.make_url(Purpose.UNSUBSCRIBE, reader),
        headline=_("You’re already subscribed"),
    )


def _offers(reader: Subscriber) -> tuple[list[str], str]:
    """Return what a subscribed reader's last sign-up asked for, in sentences, and the text of the button."""
    topics, papers = lifecycle.requested_topics(reader), lifecycle.requested_papers(reader)
    offers = []
    if topics:
        offers.append(
            ngettext(
                "This topic is new: %(topics)s. Do you want to follow it, too?",
                "These topics are new: %(topics)s. Do you want to follow them, too?",
                len(topics),
            )
            % {"topics": follow_names.listed([_(topic.name) for topic in topics])}
        )
    if papers:
        titles = [_("“%(words)s”") % {"words": paper.title} for paper in papers]
        offers.append(
            ngettext(
                "This paper is not saved yet: %(papers)s. Do you want it on your list?",
                "These papers are not saved yet: %(papers)s. Do you want them on your list?",
                len(papers),
            )
            % {"papers": follow_names.listed(titles)}
        )
    if topics and papers:
        return offers, _("Add them")
    if papers:
        return offers, ngettext("Save the paper", "Save the papers", len(papers))
    return offers, ngettext("Add the topic", "Add the topics", len(topics)) if topics else _("Open my settings")


def _welcome(notice: OwedNotice) -> Note:
    """Write the welcome without a digest. `digest.email.welcome` adds what the reader asked for and what comes when."""
    return Note(
        notice.address,
        _("Welcome to %(site)s") % {"site": brand.current().name},
        (_("You’re subscribed."),),
        _("Read the latest papers"),
        f"{settings.SITE_URL}/",
    )


def _link(notice: OwedNotice) -> Note:
    return Note(
        notice.address,
        _("Your link to %(site)s") % {"site": brand.current().name},
        (
            _("You, or someone using your address, asked for the link to your settings. Here it is."),
            _(
                "If this wasn’t you, you don’t need to do anything. Keep this link private: anyone who has it can "
                "open your settings."
            ),
        ),
        _("Open my settings"),
        link_tokens.make_url(Purpose.PREFERENCES, notice.subscriber),
        headline=_("Your settings link"),
    )


def _change_address(notice: OwedNotice) -> Note:
    return Note(
        notice.address,
        _("Please confirm your new address for %(site)s") % {"site": brand.current().name},
        (
            _(
                "You, or a reader who entered your address, asked us to send their papers here from now on. "
                "If that was you, please confirm."
            ),
            _("The link works for %(days)s days. If this wasn’t you, ignore this email: no papers will be sent to you.")
            % {"days": link_tokens.CONFIRMATION_DAYS},
        ),
        _("Use this address"),
        address_change.make_url(notice.subscriber),
        headline=_("Please confirm your new address"),
    )


def _moved(notice: OwedNotice) -> Note:
    return Note(
        notice.address,
        _("Your address for %(site)s was changed") % {"site": brand.current().name},
        (
            _("From now on, your papers go to another address, as you requested in your settings and then confirmed."),
            _("If this wasn’t you, please reply to this email."),
        ),
        headline=_("Your address was changed"),
    )


def _goodbye(notice: OwedNotice) -> Note:
    return Note(
        notice.address,
        _("You are unsubscribed from %(site)s") % {"site": brand.current().name},
        (
            _("You will get no more digests. Thank you for reading."),
            _("If this wasn’t you, or if you change your mind, you can resubscribe within %(days)s days.")
            % {"days": link_tokens.TIME_TO_RESUBSCRIBE.days},
        ),
        _("Resubscribe"),
        link_tokens.make_url(Purpose.RESUBSCRIBE, notice.subscriber),
        headline=_("You are unsubscribed"),
    )


def _resubscribed(notice: OwedNotice) -> Note:
    reader = notice.subscriber
    if reader.status == Subscriber.Status.PAUSED:
        day = date_format(reader.paused_until or "", pgettext("Django date format: 20 August 2026", "j F Y"))
        comes = _("You’re subscribed again. No digests come until %(day)s.") % {"day": day}
    else:
        comes = " ".join([_("You’re subscribed again."), _terms(reader)])
    return Note(
        notice.address,
        _("You’re subscribed to %(site)s again") % {"site": brand.current().name},
        (
            comes,
            _(
                "If this wasn’t you, someone used the links in one of your digests to unsubscribe and resubscribe "
                "you. Please check your settings."
            ),
        ),
        _("Open my settings"),
        link_tokens.make_url(Purpose.PREFERENCES, reader),
        headline=_("Welcome back"),
    )


def _reduced(notice: OwedNotice) -> Note:
    reader = notice.subscriber
    if reader.status == Subscriber.Status.PAUSED:
        day = date_format(reader.paused_until or "", pgettext("Django date format: 20 August 2026", "j F Y"))
        comes = _("As requested on the unsubscribe page, your digests are paused until %(day)s.") % {"day": day}
    else:
        comes = " ".join([_("As requested on the unsubscribe page, you now get less email."), _terms(reader)])
    return Note(
        notice.address,
        _("Less email from %(site)s") % {"site": brand.current().name},
        (
            comes,
            _("If this wasn’t you, someone used the links in one of your digests. You can undo it in your settings."),
        ),
        _("Open my settings"),
        link_tokens.make_url(Purpose.PREFERENCES, reader),
        headline=_("You now get less email"),
    )


def _terms(reader: Subscriber) -> str:
    return ngettext(
        "Your digests come %(when)s. Each has at most %(papers)s paper.",
        "Your digests come %(when)s. Each has at most %(papers)s papers.",
        reader.max_papers,
    ) % {"when": arrival.describe_for(reader), "papers": reader.max_papers}


def _signed_out(notice: OwedNotice) -> Note:
    return Note(
        notice.address,
        _("Your new link to %(site)s") % {"site": brand.current().name},
        (
            _(
                "As requested on your settings page, you are now signed out on all devices. Links in older emails no "
                "longer open your settings, your feed or your ratings, but you can still unsubscribe with them. Here "
                "is your new link."
            ),
            _(
                "Keep this link private: anyone who has it can open your settings. They also show your feed’s new "
                "address."
            ),
        ),
        _("Open my settings"),
        link_tokens.make_url(Purpose.PREFERENCES, notice.subscriber),
        headline=_("Your new link"),
    )


def _data(notice: OwedNotice) -> Note:
    return Note(
        notice.address,
        _("Your data at %(site)s") % {"site": brand.current().name},
        (
            _(
                "As requested on your settings page, here is a link to all the data we hold about you. It works for "
                "one day."
            ),
            _(
                "If this wasn’t you, someone has the links from one of your digests. Without this email they can’t "
                "see your data. To revoke those links, choose “Sign out everywhere” in your settings."
            ),
        ),
        _("Open my data"),
        link_tokens.make_url(Purpose.DATA, notice.subscriber),
        headline=_("Your data"),
    )


def _sign_in(notice: OwedNotice) -> Note:
    return Note(
        notice.address,
        _("Your sign-in link for %(site)s") % {"site": brand.current().name},
        (
            _("You, or someone using your address, asked for a link to sign in. It works for one hour."),
            _("If this wasn’t you, ignore this email: no one can sign in without it."),
        ),
        _("Sign in"),
        link_tokens.make_url(Purpose.SIGN_IN, notice.subscriber),
        headline=_("Your sign-in link"),
    )


def erased(address: str) -> Note:
    """Write the last email to an erased reader, at an address that is no longer stored."""
    name = brand.current().name
    return Note(
        address,
        _("Your data at %(site)s was erased") % {"site": name},
        (
            _(
                "As requested on your settings page, we deleted your address, what you followed and what we sent "
                "you from our database. This is our last email."
            ),
            _("If this wasn’t you, we’re sorry: this can’t be undone. You’re welcome to sign up again."),
        ),
        _("Sign up"),
        f"{settings.SITE_URL}{reverse('subscriptions:subscribe')}",
        headline=_("Your data was erased"),
    )


_WRITERS = {
    Kind.CONFIRM: _confirm,
    Kind.ALREADY_SUBSCRIBED: _already_subscribed,
    Kind.WELCOME: _welcome,
    Kind.LINK: _link,
    Kind.CHANGE_ADDRESS: _change_address,
    Kind.MOVED: _moved,
    Kind.GOODBYE: _goodbye,
    Kind.REDUCED: _reduced,
    Kind.RESUBSCRIBED: _resubscribed,
    Kind.SIGNED_OUT: _signed_out,
    Kind.DATA: _data,
    Kind.SIGN_IN: _sign_in,
}
