"""Corrections of typos in an address."""

import pytest
from django.conf import settings
from django.utils.crypto import salted_hmac

from subscriptions import email_addresses


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ada@gmial.com", "ada@gmail.com"),
        ("ada@gmal.com", "ada@gmail.com"),
        ("ada@GMAIL.CO", "ada@gmail.com"),
        ("ada@hotmial.com", "ada@hotmail.com"),
        ("ada@outlok.com", "ada@outlook.com"),
        ("ada@yaho.com", "ada@yahoo.com"),
        ("ada@protonmial.com", "ada@protonmail.com"),
        ("ada@gmx.dee", "ada@gmx.de"),
    ],
)
def test_it_knows_what_was_meant(typed: str, meant: str) -> None:
    assert email_addresses.suggest_correction(typed) == meant


@pytest.mark.parametrize(
    "domain",
    ["gmail.com", "Gmail.com", "mail.com", "ymail.com", "email.com", "yahoo.com.br", "hotmail.fr", "outlook.de",
     "gmx.at", "mit.edu", "example.org", "uni-bonn.de", "live.de", "me.com"],
)  # fmt: skip
def test_it_leaves_other_domains_alone(domain: str) -> None:
    assert email_addresses.suggest_correction(f"ada@{domain}") == ""


@pytest.mark.parametrize(
    ("typed", "mailbox"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("ada+papers@example.org", "ada@example.org"),
        ("a.d.a@example.org", "a.d.a@example.org"),
        ("a.d.a+x@gmail.com", "ada@gmail.com"),
        ("A.da@GoogleMail.com", "ada@gmail.com"),
        ("+@example.org", "+@example.org"),
    ],
)
def test_it_knows_a_mailbox_by_all_its_spellings(typed: str, mailbox: str) -> None:
    assert email_addresses.mailbox(typed) == mailbox


@pytest.mark.parametrize(
    ("domain", "organization"),
    [
        ("example.org", "example.org"),
        ("a.b.Example.org", "example.org"),
        ("example.co.uk", "example.co.uk"),
        ("cs.example.ac.jp", "example.ac.jp"),
        ("ac.uk", "ac.uk"),
        ("co.example", "co.example"),
        ("x.co.example", "co.example"),
        ("localhost", "localhost"),
    ],
)
def test_it_knows_the_organization_of_a_domain(domain: str, organization: str) -> None:
    assert email_addresses.organization(domain) == organization


def test_hashes_are_those_of_django_so_that_stored_ones_stay_valid() -> None:
    for purpose, value in (("subscriptions.suppression", "ada@example.org"), ("another", "ü")):
        expected = salted_hmac(purpose, value, secret=settings.ADDRESS_HASH_KEY, algorithm="sha256").hexdigest()
        assert email_addresses.keyed_hash(purpose, value) == expected
