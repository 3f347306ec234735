"""The email of one reader."""

import email
import email.policy
import re
from email.message import EmailMessage
from email.parser import BytesParser
from html.parser import HTMLParser
from typing import Any

import pytest
from django.template import engines

from digest import papers
from digest.editions import publication
from digest.email import rendering
from digest.matching import Index
from digest.models import Delivery, Edition, Paper
from digest.personalization import profiles
from digest.personalization.digest_selection import compose
from subscriptions.models import Subscriber
from tests.conftest import NOW, TODAY, make_reader, make_record
from tests.email.cast import add_pictures
from tests.email.mails import digest_of

HOSTILE = "<script>alert(1)</script> <think>\r\nBcc: victim@example.org " + "ü" * 200


def build(edition: Edition, reader: Subscriber) -> EmailMessage:
    """Return the reader's digest, parsed from its bytes."""
    row = Delivery.objects.create(edition=edition, subscriber=reader, queued_at=NOW, not_before=NOW)
    digest = compose(Index(publication.papers_as_emailed(edition)), profiles.profile_of(reader), edition.day)
    wire = rendering.build_digest_message(digest, row).message().as_bytes()
    return BytesParser(EmailMessage, policy=email.policy.default).parsebytes(wire)


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def links(text: str) -> set[str]:
    return set(re.findall(r"https?://[^\s\"<>]+", text))


def elements(html: str) -> set[str]:
    found: set[str] = set()
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.add(tag)  # type: ignore[method-assign]
    parser.feed(html)
    return found


def test_it_compiles_no_template_for_the_first_digest_of_a_process_that_was_forked(
    edition: Edition, alice: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = engines["jinja2"].env  # type: ignore[attr-defined]
    environment.cache.clear()
    rendering.preload()

    def compile_again(*args: object, **kwargs: object) -> object:
        raise AssertionError("compiled after the fork, by each process again")

    monkeypatch.setattr(environment, "compile", compile_again)
    assert build(edition, alice)


def test_it_carries_the_headers_of_a_list(edition: Edition, alice: Subscriber) -> None:
    mail = build(edition, alice)
    assert re.fullmatch(r"<https://papers\.example\.org/unsubscribe/[^>]+/>", mail["List-Unsubscribe"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "Daily Papers <digest.papers.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<digest-[0-9a-f]{32}@papers\.example\.org>", mail["Message-ID"])
    assert mail["To"] == "alice@example.org"
    assert mail.defects == []


def test_each_reader_and_edition_has_its_own_message_id(edition: Edition, alice: Subscriber) -> None:
    other = make_reader("other@example.org", words="diffusion")
    assert build(edition, alice)["Message-ID"] != build(edition, other)["Message-ID"]


def test_it_names_the_first_paper_in_the_subject(edition: Edition, alice: Subscriber) -> None:
    subject = build(edition, alice)["Subject"]
    assert subject.startswith("Faster Diffusion")
    assert len(subject) <= 70


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_it_shows_the_papers_the_reasons_and_how_to_unsubscribe(edition: Edition, alice: Subscriber, kind: str) -> None:
    body = " ".join(part(build(edition, alice), kind).split())
    for said in (
        "Faster Diffusion",
        "https://arxiv.org/abs/2608.00002",
        "Reinforcement Learning at Scale",
        "Because you follow",
    ):
        assert said in body
    assert "A Survey of Diffusion" not in body
    assert "/unsubscribe/" in body
    assert "/preferences/" in body


def test_it_has_the_same_links_in_text_and_html_but_one_for_all_ratings(edition: Edition, alice: Subscriber) -> None:
    mail = build(edition, alice)
    in_html = set(re.findall(r'href="(https?://[^"?]+)[^"]*"', part(mail, "html")))
    assert links(part(mail, "plain")) == in_html


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_it_carries_the_editors_notes(edition: Edition, alice: Subscriber, kind: str) -> None:
    edition.note_before, edition.note_after = "Good morning,\n1 < 2", "Good night"
    body = part(build(edition, alice), kind)
    assert "Good morning," in body
    assert ("1 &lt; 2" if kind == "html" else "1 < 2") in body
    assert body.index("Good morning") < body.rindex("Faster Diffusion") < body.index("Good night")


def test_urls_in_a_note_become_links(edition: Edition, alice: Subscriber) -> None:
    edition.note_before = "See https://example.org/talk, today.\njavascript:alert(1)"
    mail = build(edition, alice)
    assert re.search(
        r'See <a [^>]*href="https://example\.org/talk"[^>]*>https://example\.org/talk</a>, today\.<br>java',
        part(mail, "html"),
    )
    assert "https://example.org/talk, today." in part(mail, "plain")


@pytest.mark.parametrize("summary", ["", "Learning <b>well</b> is Reinforcement learning."])
def test_what_was_found_is_in_bold(edition: Edition, summary: str) -> None:
    Paper.objects.update(abstract="We study reinforcement learning & <b>more</b> of it.", summary=summary)
    html = part(build(edition, make_reader("r@example.org", words="reinforcement learning")), "html")
    bold = "Learning &lt;b&gt;well&lt;/b&gt; is <b>Reinforcement learning</b>."
    assert (bold if summary else "We study <b>reinforcement learning</b> &amp; &lt;b&gt;more&lt;/b&gt; of it.") in html


@pytest.mark.parametrize("kind", ["html", "plain"])
def test_it_shows_the_ai_summary_if_there_is_one(edition: Edition, alice: Subscriber, kind: str) -> None:
    Paper.objects.filter(title="Faster Diffusion").update(summary="In one step.")
    body = re.sub("<[^>]*>", "", part(build(edition, alice), kind))
    assert "AI summary: In one step." in body
    assert body.count("AI summary") == 1  # the other paper has none
    assert "We generate video." not in body


@pytest.mark.parametrize("kind", ["html", "plain"])
def test_it_leaves_out_a_summary_that_looks_like_spam(edition: Edition, alice: Subscriber, kind: str) -> None:
    row = "Completion generation evaluates generated sequences reliably throughout."
    Paper.objects.filter(title="Faster Diffusion").update(summary=row)
    body = part(build(edition, alice), kind)
    assert row not in body
    assert "We generate video." in body


def test_a_paper_ends_in_one_row_of_few_links(edition: Edition, alice: Subscriber) -> None:
    urls = {"github_url": "https://github.com/example/x", "project_url": "https://example.org/project"}
    Paper.objects.update(github_stars=1200, **urls)
    row = re.findall(r'<p class="facts".*?</p>', part(build(edition, alice), "html"), re.DOTALL)[0]
    said = re.sub(r"<[^>]*>", "", row).replace("&nbsp;", " ").replace("\xa0", " ")
    assert " ".join(said.split()) == "▲ 20 · arXiv · Code ★ 1,200 Like · Save · Not for me"
    assert 'aria-label="20 votes"' in row


def test_the_first_paper_is_the_lead_with_a_large_picture(edition: Edition, alice: Subscriber) -> None:
    add_pictures(Paper.objects.all())
    lead, *others = digest_of(edition, alice).html.split('<div class="paper')[1:]
    assert lead.startswith(' first"')
    assert 'width="258"' in lead
    assert "Faster Diffusion" in lead
    assert others
    assert all(other.startswith('"') and 'width="168"' in other for other in others)


def test_the_lead_is_a_trending_paper_if_nothing_matches(edition: Edition) -> None:
    html = part(build(edition, make_reader("q@example.org", words="submarines", mail_quiet_days=True)), "html")
    assert html.count('<div class="paper first"') == 1
    assert html.count('<div class="paper"') == 2


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_the_editors_note_comes_first(edition: Edition, alice: Subscriber, kind: str) -> None:
    edition.note_before = "Good morning"
    body = part(build(edition, alice), kind)
    assert body.index("20 August 2026") < body.index("Good morning") < body.rindex("match what you follow")


def test_it_names_the_first_and_the_last_author(edition: Edition, alice: Subscriber) -> None:
    Paper.objects.update(authors=["Ada", "Alan", "Emmy", "Grace", "Kurt"], organization="A Laboratory with a Long Name")
    text = part(build(edition, alice), "plain").replace("\xa0", " ")
    assert "Ada, 3 more, Kurt · A Laboratory with a Long Name" in text


def test_it_has_no_tracking_images(edition: Edition, alice: Subscriber) -> None:
    assert "<img" not in part(build(edition, alice), "html")


def test_it_shows_hostile_text_as_text(hugging_face: Any) -> None:
    papers.ingest(hugging_face, [make_record("2608.00666", HOSTILE, abstract=HOSTILE, authors=(HOSTILE,))], TODAY)
    published = publication.publish(TODAY, now=NOW).edition
    assert published is not None
    mail = build(published, make_reader("all@example.org"))
    assert mail["Bcc"] is None
    assert not {"script", "think"} & elements(part(mail, "html"))
    assert "&lt;think&gt;" in part(mail, "html")
    assert "<think>" in part(mail, "plain")


def test_it_escapes_titles_wherever_they_are_quoted(hugging_face: Any, settings: Any) -> None:
    """The preheader contains the titles of the next papers, too."""
    records = [make_record(f"2608.0000{n}", f"Paper {n} </div><img src=x>", votes=9 - n) for n in range(4)]
    papers.ingest(hugging_face, records, TODAY)
    published = publication.publish(TODAY, now=NOW).edition
    assert published is not None
    html = part(build(published, make_reader("all@example.org")), "html")
    assert "img" not in elements(html)
    assert "&lt;img" in html.partition("<h1")[0]


def test_it_stays_below_the_size_that_email_clients_clip(hugging_face: Any) -> None:
    text = "We study reinforcement learning for agents that act. " * 30
    names = tuple(f"Author Number {n}" for n in range(40))
    records = [make_record(f"2608.1{n:04}", f"Agents {n}", abstract=text, authors=names, votes=n) for n in range(30)]
    papers.ingest(hugging_face, records, TODAY)
    published = publication.publish(TODAY, now=NOW).edition
    assert published is not None
    mail = build(published, make_reader("many@example.org", words="agents, reinforcement learning", max_papers=25))
    assert len(part(mail, "html").encode()) < rendering.MAX_HTML
    assert "5 more" in part(mail, "plain")
