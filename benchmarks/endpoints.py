"""The cost of the worst request to each public address, over a large archive on SQLite.

`python -m benchmarks.endpoints` prints milliseconds of this process's CPU, the best of three, by address. Changes of
the requests are rolled back.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import cycle, islice, permutations
from typing import Any
from urllib.parse import urlencode

from benchmarks import scratch

PAPERS = 100_000
TIMES = 3
READER = "worst@example.org"
COMMON = [
    "model",
    "data",
    "learning",
    "language",
    "the",
    "of",
    "and",
    "to",
    "in",
    "we",
    "is",
    "for",
    "that",
    "on",
    "with",
    "as",
    "are",
    "by",
    "our",
    "this",
    "from",
    "can",
]
FORM = "application/x-www-form-urlencoded"
# A path for each public route, with names that `paths` fills in. A test fails if a route is missing.
PATHS = {
    "": "/",
    "<day:day>/": "/{day}/",
    "weeks/<week:day>/": "/weeks/{week}/",
    "months/<month:day>/": "/months/{month}/",
    "calendar/": "/calendar/",
    "papers/<key:key>.bib": "/papers/{key}.bib",
    "papers/<key:key>.ris": "/papers/{key}.ris",
    "papers/<key:key>/": "/papers/{key}/",
    "save/<key:key>/": "/save/{key}/",
    "cards/<day:day>.png": "/cards/{day}.png",
    "cards/papers/<key:key>.png": "/cards/papers/{key}.png",
    "cards/topics/<slug:slug>.png": "/cards/topics/{slug}.png",
    "authors/<str:name>/": "/authors/ada-lovelace/",
    "topics/": "/topics/",
    # The pages of a signed-in reader are measured as strangers see them, because the cookie is the proof.
    "actions/": "/actions/",
    "for-you/": "/for-you/",
    "for-you/<day:day>/": "/for-you/{day}/",
    "saved/": "/saved/",
    r"^saved\.(?P<suffix>bib|ris|csv)$": "/saved.csv",
    "sign-in/": "/sign-in/",
    "sign-in/<str:token>/": "/sign-in/{sign_in}/",
    "sign-out/": "/sign-out/",
    "preferences/<str:token>/sign-in/": "/preferences/{preferences}/sign-in/",
    "preferences/<str:token>/devices/": "/preferences/{preferences}/devices/",
    "preferences/<str:token>/add/": "/preferences/{preferences}/add/",
    "embed/": "/embed/",
    "subscribe/sent/": "/subscribe/sent/",
    "confirm/<str:token>/new/": "/confirm/{confirm}/new/",
    "unsubscribe/<str:token>/less/": "/unsubscribe/{unsubscribe}/less/",
    "topics/<slug:slug>/": "/topics/{slug}/",
    "digests/<str:token>/": "/digests/{digest}/",
    "digests/<str:token>/papers/<int:pk>/": "/digests/{opinion}/papers/{pk}/",
    "preferences/<str:token>/preview/": "/preferences/{preferences}/preview/",
    "preferences/<str:token>/first/": "/preferences/{preferences}/first/",
    "preferences/<str:token>/learnt/": "/preferences/{preferences}/learnt/",
    "preferences/<str:token>/reading-list/": "/preferences/{preferences}/reading-list/",
    r"^preferences/(?P<token>[^/]+)/reading-list\.(?P<suffix>bib|ris|csv)$": "/preferences/{preferences}/reading-list.bib",  # noqa: E501
    "api/papers/": "/api/papers/",
    "api/openapi.json": "/api/openapi.json",
    "api/docs/": "/api/docs/",
    "api/v1/<path:rest>": "/api/v1/readers",  # without a token
    "suggest/": "/suggest/",
    "suggest/take/": "/suggest/take/",
    "suggest/<str:token>/": "/suggest/{preferences}/",
    "subscribe/preview/": "/subscribe/preview/",
    "search": "/search",
    "search/": "/search/",
    "feeds/search.atom": "/feeds/search.atom",
    "feeds/personal/<str:token>.atom": "/feeds/personal/{feed}.atom",
    "feeds/latest.atom": "/feeds/latest.atom",
    "feeds/topics/<slug:slug>.atom": "/feeds/topics/{slug}.atom",
    "sitemap.xml": "/sitemap.xml",
    "sitemaps/<slug:name>.xml": "/sitemaps/{sitemap}.xml",
    "privacy/": "/privacy/",
    "imprint/": "/imprint/",
    "^accents/(?P<color>[0-9a-f]{6}).css$": "/accents/123456.css",
    "favicon.ico": "/favicon.ico",
    "apple-touch-icon.png": "/apple-touch-icon.png",
    "manifest.webmanifest": "/manifest.webmanifest",
    r"^logos/(?P<mark>[0-9a-f]{12})\.png$": "/logos/0123456789ab.png",
    "^thumbnails/(?P<pk>[0-9]{1,15})-(?P<mark>[0-9a-f]{12}).webp$": "/thumbnails/{pk}-0123456789ab.webp",
    "^thumbnails/(?P<pk>[0-9]{1,15})-(?P<mark>[0-9a-f]{12})\\.jpg$": "/thumbnails/{pk}-0123456789ab.jpg",
    "robots.txt": "/robots.txt",
    "healthz": "/healthz",
    "metrics": "/metrics",
    "readyz": "/readyz",
    "subscribe/": "/subscribe/",
    "confirm/<str:token>/": "/confirm/{confirm}/",
    "preferences/": "/preferences/",
    "preferences/<str:token>/": "/preferences/{preferences}/",
    "preferences/<str:token>/pause/": "/preferences/{preferences}/pause/",
    "preferences/<str:token>/resume/": "/preferences/{preferences}/resume/",
    "preferences/<str:token>/move/": "/preferences/{preferences}/move/",
    "preferences/<str:token>/stay/": "/preferences/{preferences}/stay/",
    "preferences/<str:token>/download/": "/preferences/{preferences}/download/",
    "preferences/<str:token>/my-data/": "/preferences/{preferences}/my-data/",
    "preferences/<str:token>/sign-out/": "/preferences/{preferences}/sign-out/",
    "preferences/<str:token>/erase/": "/preferences/{preferences}/erase/",
    "change-address/<str:token>/": "/change-address/{change_address}/",
    "unsubscribe/<str:token>/": "/unsubscribe/{unsubscribe}/",
    "unsubscribe/<str:token>/reason/": "/unsubscribe/{unsubscribe}/reason/",
    "come-back/<str:token>/": "/come-back/{come_back}/",
    "outbox/": "/outbox/",
    "outbox/<str:name>/": "/outbox/a.eml/",
    "outbox/<str:name>/html/": "/outbox/a.eml/html/",
    "anymail/mandrill/": "/anymail/mandrill/",
    "anymail/<slug:provider>/tracking/": "/anymail/postmark/tracking/",
}


@dataclass(frozen=True)
class Case:
    """One request."""

    path: str
    body: str | None = None  # posted where there is one


def run(scale: float = 1.0) -> dict[str, Any]:
    """Milliseconds of CPU of each address with `scale` times 100,000 papers."""
    papers = max(1_000, int(PAPERS * scale) // 1_000 * 1_000)
    return {"papers": papers, **scratch.measure(f"endpoints.measure({papers})")}


def measure(papers: int) -> dict[str, float]:
    """Return the figures. Fill the database first if it is empty. Django must be set up."""
    from benchmarks import corpus
    from digest.models import Paper

    if not Paper.objects.exists():
        corpus.build(papers)
    named = paths()
    return {
        path or "/": round(max(cost(case) for case in cases(route, named)) * 1000, 1) for route, path in PATHS.items()
    }


def paths() -> dict[str, str]:
    """Return what PATHS names: the newest edition, a topic, and tokens of a reader who follows a lot."""
    from django.utils import timezone

    from digest.models import Edition, Paper
    from subscriptions.models import Subscriber, Topic
    from subscriptions.readers import lifecycle
    from subscriptions.readers.preferences import Preferences
    from subscriptions.security import link_tokens

    edition = Edition.objects.latest("day")
    paper = Paper.objects.filter(edition=edition).order_by("pk")[0]
    topics = list(Topic.objects.all())
    if not Subscriber.objects.filter(email=READER).exists():
        lifecycle.sign_up(READER, Preferences(topics=topics, words=search(40)), now=timezone.now())
        lifecycle.confirm(Subscriber.objects.get(email=READER), now=timezone.now())
    reader = Subscriber.objects.get(email=READER)
    about = edition.pk.to_bytes(8)
    tokens = {str(purpose): link_tokens.make_token(purpose, reader, about) for purpose in link_tokens.Purpose}
    return tokens | {
        "day": f"{edition.day}",
        "week": f"{edition.day:%G-W%V}",
        "month": f"{edition.day:%Y-%m}",
        "key": paper.key,
        "pk": str(paper.pk),
        "slug": topics[0].slug if topics else "none",
        "sitemap": f"{edition.day:%Y}",
    }


def cases(route: str, named: Mapping[str, str]) -> Iterator[Case]:
    """Yield the requests to measure at `route`: a plain one, a long query, and bodies of the maximum size."""
    path = PATHS[route].format_map(named)
    yield Case(path)
    yield Case(f"{path}?{'a=1&' * 990}page=99999&like=x")
    largest = _largest(path)
    yield Case(path, "words=" + "%4" * ((largest - 6) // 2))
    yield Case(path, "&".join(["show=1", "topics=none"] * 490)[:largest])
    for words in (search(12), search(50), _excluding()):
        yield Case(path, urlencode({"words": words, "find": "a " * 20_000, "show": "1"})[:65_536])
        yield Case(path, urlencode({"words": words, "email": "ada@example.org", "frequency": "weekly"}))
        if route in ("search", "api/papers/", "feeds/search.atom"):
            yield from (Case(f"{path}?{urlencode({'q': words, 'page': page})}") for page in (1, 15))
    if route.startswith("suggest/"):
        for line in (
            "@article{a, title={Model of data",
            "2608.00001 10.1234/5678\n",
            "Learning a model of language\n",
            "{" * 50,
            "title,url\na,b\n",
        ):
            yield Case(path, urlencode({"papers": line * (200_000 // len(line))})[:largest])
        yield Case(path, urlencode({"papers": bibliography()}))
        yield Case(path, urlencode(_second_step(), doseq=True))


def search(terms: int) -> str:
    """Phrases of common words: the longest lists that the full-text search has."""
    return ", ".join(" ".join(pair) for pair in islice(permutations(COMMON, 2), terms))


def bibliography() -> str:
    """Return a hundred papers of the maximum size that consist of the topics' phrases."""
    from subscriptions.models import Topic

    phrases = cycle([phrase for topic in Topic.objects.all() for phrase in topic.phrases] or ["language models"])
    entries = (
        f"@article{{a{number}, title={{{number} {' '.join(islice(phrases, 30))}}}, "
        f"abstract={{{'. '.join(islice(phrases, 80))}}}}}"
        for number in range(100)
    )
    return "\n".join(entries)[:200_000]


def _second_step() -> dict[str, Any]:
    """Return the form as the page sends it again: the papers that were read, all ticked, and filters."""
    from digest.search import cited_papers
    from subscriptions.models import Topic
    from subscriptions.readers import liked_papers

    papers = cited_papers.read(bibliography()).papers
    return {
        "found": liked_papers.pack(cited_papers.as_liked(papers)),
        "paper": range(len(papers)),
        "topics": [topic.slug for topic in Topic.objects.all()],
        "words": search(50).split(", "),
    }


def cost(case: Case) -> float:
    """Seconds of CPU, the least of a few times."""
    return min(measure_once(case) for _ in range(TIMES))


def measure_once(case: Case) -> float:
    """Return the seconds of CPU of one request, which changes nothing."""
    from django.db import transaction
    from django.test import Client

    client = Client(headers={"host": "localhost", "sec-fetch-site": "same-origin"}, raise_request_exception=False)
    client.handler.load_middleware()  # a server does this once
    with transaction.atomic():
        began = time.process_time()
        if case.body is None:
            client.get(case.path)
        else:
            client.post(case.path, case.body, content_type=FORM)
        taken = time.process_time() - began
        transaction.set_rollback(True)
    return taken


def _largest(path: str) -> int:
    from config.middleware.request_bodies import largest_body

    return largest_body(path)


def _excluding() -> str:
    pairs = [" ".join(pair) for pair in permutations(COMMON, 2)]
    return ", ".join([*pairs[:24], *(f"-{pair}" for pair in pairs[100:126])])


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=2))
