"""Addresses of imported rows follow the rules of the sign-up form."""

import pytest
from django.core.exceptions import ValidationError

from subscriptions.email_addresses import read_address
from subscriptions.forms import NewAddressField


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.org",
        "  Ada.B+x@Example.ORG ",
        "o'neil@example.org",
        "ada@bücher.example",
        "ada@localhost",
        "ada@x.localhost",
        "ada@[192.0.2.1]",
        '"a b"@example.org',
        "ädä@example.org",
        "ada@example",
        "ada@-x.org",
        "a..b@example.org",
        "ada@example.org\n",
        "a\0b@example.org",
        "a" * 250 + "@example.org",
        "",
        "ada",
    ],
)
def test_it_reads_an_address_exactly_as_the_form_does(text: str) -> None:
    try:
        expected = NewAddressField().clean(text)
    except ValidationError:
        with pytest.raises(ValueError, match=r"\S"):
            read_address(text)
    else:
        assert read_address(text) == expected
