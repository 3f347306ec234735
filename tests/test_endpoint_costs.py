"""A rough limit on the cost of the worst request to each public URL. For figures, see docs/scaling.md."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from benchmarks import endpoints
from digest.matching.phrase_index import PhraseIndex
from subscriptions.topics import catalogue

MOST = 0.5  # seconds of CPU
NOISE = 2  # a factor; other programs share the caches of this machine
PRIVATE = "admin/"  # for staff


def public_routes() -> Iterator[str]:
    for entry in get_resolver().url_patterns:
        if str(entry.pattern) != PRIVATE:
            yield from _routes_in(entry, "")


def _routes_in(entry: URLPattern | URLResolver, before: str) -> Iterator[str]:
    route = before + str(entry.pattern)
    if isinstance(entry, URLResolver):
        for inner in entry.url_patterns:
            yield from _routes_in(inner, route)
    else:
        yield route


def test_the_cost_of_each_public_address_is_measured() -> None:
    assert sorted(endpoints.PATHS) == sorted(public_routes())


def _recording(lookup: Callable[..., Any], keys: list[str]) -> Callable[..., Any]:
    """Return the method `lookup`, which appends the key that it is called with to `keys`."""

    def record(index: PhraseIndex, key: str, *more: Any) -> Any:
        keys.append(key)
        return lookup(index, key, *more)

    return record


@pytest.mark.usefixtures("edition")
@pytest.mark.both_databases
def test_a_hundred_pasted_papers_take_few_queries_and_few_lookups_of_phrases(
    django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A count does not depend on how busy the machine is, as seconds do."""
    catalogue.load()
    looked_up: list[str] = []
    for name in ("_scan", "_look_up"):
        monkeypatch.setattr(PhraseIndex, name, _recording(getattr(PhraseIndex, name), looked_up))
    with django_assert_max_num_queries(70):
        page = Client().post("/suggest/", {"papers": endpoints.bibliography()})
    assert page.content.count(b'name="paper"') > 90
    assert len(looked_up) < 300


@pytest.mark.usefixtures("edition", "learning")
@pytest.mark.both_databases
def test_a_preview_of_490_topics_takes_few_queries(django_assert_max_num_queries: Any) -> None:
    Client().post("/subscribe/preview/")  # loads everything that is loaded once
    with django_assert_max_num_queries(10):
        page = Client().post("/subscribe/preview/", {"show": ["1"] * 490, "topics": ["none"] * 490})
    assert "“none” is not a topic" in page.content.decode()


@pytest.mark.slow
@pytest.mark.usefixtures("edition", "learning")
def test_the_worst_request_of_each_public_address_costs_little() -> None:
    """All in one test, because loading the catalogue and making its reader takes longer than any request."""
    catalogue.load()
    named = endpoints.paths()
    Client().post("/subscribe/preview/")  # loads everything that is loaded once
    slow = {}
    for route in endpoints.PATHS:
        assert resolve(endpoints.PATHS[route].format_map(named)).route == route, "the path leads there"
        for case in endpoints.cases(route, named):
            # One measurement is enough, unless it is too slow: then measure again.
            taken = endpoints.measure_once(case)
            if taken > MOST and (taken := min(taken, endpoints.cost(case))) > MOST * NOISE:
                slow[route] = (taken, case.path[:200], (case.body or "")[:200])
    assert not slow
