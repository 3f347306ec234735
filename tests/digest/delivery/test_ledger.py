"""The check of a chaos run's ledger."""

from tests.chaos.ledger import GRACE, LedgerVerdict, Taken, check, read


def taken(recipient: str, began_at: float = 10.0, message_id: str = "", is_answered: bool = True) -> Taken:
    return Taken(began_at, began_at + 0.1, message_id or f"{recipient}@papers", recipient, is_answered)


def test_it_finds_nothing_if_all_is_well() -> None:
    verdict = check([taken("ann"), taken("ben")], {"ann": "sent", "ben": "sent", "eve": "skipped"}, {"eve": 9.0})
    assert verdict == LedgerVerdict([], [], 0, 0, 0, [], [], {"sent": 2, "skipped": 1})


def test_it_finds_lost_and_unrecorded_emails() -> None:
    ledger = {"ann": "sent", "ben": "failed", "eve": "queued", "joe": "skipped", "kim": "given up", "lea": "failed"}
    verdict = check([taken("ben")], ledger, {})
    assert (verdict.lost, verdict.unknown, verdict.unfinished) == (["ann", "joe", "kim"], ["ben"], ["eve"])


def test_it_counts_repeats_and_excuses_those_without_an_answer() -> None:
    mails = [taken("ann"), taken("ann"), taken("ben", is_answered=False), taken("ben", message_id="another@papers")]
    verdict = check(mails, {"ann": "sent", "ben": "sent"}, {})
    assert (verdict.repeated, verdict.excused, verdict.other_ids) == (2, 1, 1)


def test_it_finds_emails_that_began_after_the_reader_unsubscribed() -> None:
    mails = [taken("ann", 10 + GRACE), taken("ben", 10.01 + GRACE)]
    assert check(mails, {}, {"ann": 10.0, "ben": 10.0}).after_leaving == ["ben"]


def test_it_reads_the_mail_servers_log() -> None:
    assert read(["1.5 2.5 digest-1@papers ann@example.org swallowed\n"]) == [
        Taken(1.5, 2.5, "digest-1@papers", "ann@example.org", False)
    ]
