"""Suppression lists of email providers. The samples follow their documentation."""

import json
from pathlib import Path

import pytest

from subscriptions.exchange.suppression_lists import read_entries
from subscriptions.exchange.tables import TableError

BOUNCED, COMPLAINED, LEFT = "bounced@example.org", "complained@example.org", "left@example.org"
TABLES = {
    "SES, for bulk imports": (
        f"{BOUNCED},BOUNCE\n{COMPLAINED},COMPLAINT\n",
        {BOUNCED: "bounced", COMPLAINED: "complained"},
    ),
    "Mailgun, bounces": (
        f"address,code,error,created_at\n{BOUNCED},550,No such mailbox,2024-01-01T00:00:00Z\n",
        {BOUNCED: "bounced"},
    ),
    "Mailgun, unsubscribes": (f"address,tags,created_at\n{LEFT},*,2024-01-01T00:00:00Z\n", {LEFT: ""}),
    "SendGrid, bounces": (
        f"status,reason,email,created\n5.1.1,550 5.1.1 The account does not exist,{BOUNCED},1443651125\n",
        {BOUNCED: "bounced"},
    ),
    "SendGrid, invalid addresses": (
        f"reason,email,created\nMail domain mentioned in email address is unknown: invalid,{BOUNCED},1443651125\n",
        {BOUNCED: "bounced"},
    ),
    "SendGrid, spam reports": (f"email,ip,created\n{COMPLAINED},192.0.2.1,1443651125\n", {COMPLAINED: ""}),
    "Postmark": (
        "EmailAddress,SuppressionReason,Origin,CreatedAt\n"
        f"{BOUNCED},HardBounce,Recipient,2024-01-01T00:00:00Z\n{COMPLAINED},SpamComplaint,Recipient,2024-01-01T00:00:00Z\n"
        f"{LEFT},ManualSuppression,Customer,2024-01-01T00:00:00Z\n",
        {BOUNCED: "bounced", COMPLAINED: "complained", LEFT: "admin"},
    ),
    "Mailjet": (f"Email;Status\n{LEFT};Excluded\n", {LEFT: "admin"}),
    "Brevo": (
        f"EMAIL;REASON\n{BOUNCED};hardBounce\n{LEFT};unsubscribedViaEmail\n",
        {BOUNCED: "bounced", LEFT: "admin"},
    ),
    "a plain list": (f"{BOUNCED}\n{LEFT}\n", {BOUNCED: "", LEFT: ""}),
}
VALUES = {
    "SES": (
        {
            "SuppressedDestinationSummaries": [
                {"EmailAddress": BOUNCED, "Reason": "BOUNCE", "LastUpdateTime": "2024-01-01T00:00:00Z"},
                {"EmailAddress": COMPLAINED, "Reason": "COMPLAINT", "LastUpdateTime": "2024-01-01T00:00:00Z"},
            ]
        },
        {BOUNCED: "bounced", COMPLAINED: "complained"},
    ),
    "Mailgun": (
        {"items": [{"address": BOUNCED, "code": "550", "error": "No such mailbox"}], "paging": {"next": "https://…"}},
        {BOUNCED: "bounced"},
    ),
    "SendGrid": (
        [{"created": 1443651125, "email": BOUNCED, "reason": "550 5.1.1", "status": "5.1.1"}],
        {BOUNCED: "bounced"},
    ),
    "Postmark": (
        {"Suppressions": [{"EmailAddress": COMPLAINED, "SuppressionReason": "SpamComplaint", "Origin": "Recipient"}]},
        {COMPLAINED: "complained"},
    ),
    "Mailjet": (
        {
            "Count": 2,
            "Data": [
                {"Email": LEFT, "IsExcludedFromCampaigns": True},
                {"Email": "active@example.org", "IsExcludedFromCampaigns": False},
            ],
        },
        {LEFT: ""},
    ),
    "Brevo": (
        {
            "count": 1,
            "contacts": [
                {"email": BOUNCED, "senderEmail": "x@example.org", "reason": {"code": "hardBounce", "message": ""}}
            ],
        },
        {BOUNCED: "bounced"},
    ),
    "a list of texts": ([LEFT], {LEFT: ""}),
    "one object": ({"emailAddress": BOUNCED, "reason": "BOUNCE"}, {BOUNCED: "bounced"}),
}


def read(path: Path) -> dict[str, str]:
    return {entry.address: entry.reason for entry in read_entries(path)}


@pytest.mark.parametrize("provider", TABLES)
def test_it_reads_tables(tmp_path: Path, provider: str) -> None:
    text, expected = TABLES[provider]
    path = tmp_path / "list.csv"
    path.write_text(text)
    assert read(path) == expected


@pytest.mark.parametrize("provider", VALUES)
def test_it_reads_json(tmp_path: Path, provider: str) -> None:
    value, expected = VALUES[provider]
    path = tmp_path / "list.json"
    path.write_text(json.dumps(value))
    assert read(path) == expected


def test_it_reads_one_json_value_in_each_line(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(f'{{"emailAddress":"{BOUNCED}","reason":"BOUNCE"}}\n{{"emailAddress":"{LEFT}","reason":""}}\n')
    assert read(path) == {BOUNCED: "bounced", LEFT: ""}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}', "no list of addresses"),
        ('{"a": [', "not valid JSON"),
        ("name,city\nAda,Bonn\n", "no column with an address"),
    ],
)
def test_it_says_why_a_file_is_no_list(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "list"
    path.write_text(text)
    with pytest.raises(TableError, match=message):
        read(path)


def test_it_refuses_json_that_is_nested_too_deep(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text("[" * 100_000)
    with pytest.raises(TableError, match="not valid JSON"):
        list(read_entries(path))
