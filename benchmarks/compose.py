"""A digest, from its row in the queue to the bytes for the wire: planned, matched, rendered, encoded, thrown away.

Ten papers of forty, and a list made for each reader, by filters from the database: four of the day's 24 topics, and
for one reader in four also two phrases that they typed. What it costs when all readers type some is said apart. The
plain way, in the same process, makes one reader's mail after the other: the reader by Django's models, matched by the
same code over the same index, rendered by Jinja2, built by EmailMultiAlternatives. All is CPU time.

`python -m benchmarks.compose` prints the figures.
"""

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from benchmarks import scratch

if TYPE_CHECKING:
    from digest.models import Delivery, Edition

READERS = 50_000
PLAIN = 300  # readers whose mail is made the plain way, too
PAPERS = 40
TYPING = 0.25  # of the readers

T = TypeVar("T")


def run(scale: float = 1.0) -> dict[str, Any]:
    """The CPU microseconds of a digest, and how many times more the plain way takes."""
    return scratch.measure(f"compose.measure({max(1_000, int(READERS * scale))})")


def measure(readers: int) -> dict[str, Any]:
    """In a database of its own; nothing of ours is imported before its settings are there."""
    from benchmarks import day
    from digest.delivery import planner
    from digest.models import Delivery

    now = dt.datetime.now(dt.UTC)
    edition = day.make_edition(PAPERS, now)
    day.make_readers(readers, now, typing=TYPING)
    planned, planning_took = _timed(lambda: planner.plan_everyone(edition, now=now))
    some = list(Delivery.objects.select_related("edition", "subscriber").order_by("pk")[: PLAIN + 1])
    # Templates are compiled, models loaded, the papers' vectors worked out, as they are by the hour of publication.
    _make_plainly(some[:1])
    made, composing_took = _timed(lambda: _compose(edition))
    day.make_readers(readers // 4, now, typing=1, seed=3)
    last = made.pop("last")
    typing = planner.plan_everyone(edition, now=now)
    _, typing_took = _timed(lambda: _compose(edition, after=last))
    _, plain_took = _timed(lambda: _make_plainly(some[1:]))
    plan = planning_took / planned
    ours, plain = plan + composing_took / planned, plan + plain_took / PLAIN
    return {
        "cpu_us_per_digest": _us(ours),
        "times_plain": round(plain / ours, 1),
        "plain_cpu_us_per_digest": _us(plain),
        "of_which_planning": _us(plan),
        "cpu_us_if_all_type_words": _us(plan + typing_took / typing),
        "readers": planned,
        **made,
    }


def _compose(edition: "Edition", after: int = 0) -> dict[str, Any]:
    """Make the mail of every delivery with an id above `after`, and let it go."""
    from digest.email.batch.composer import Composer, DeliveryRow

    mails = papers = size = 0
    lists = set()
    last = after
    rows = edition.deliveries.filter(pk__gt=after).order_by("pk").values_list("pk", "edition_id", "subscriber_id")
    for made in Composer().compose(map(DeliveryRow._make, rows.iterator())):
        last = made.delivery_id
        if made.message is not None:
            mails += 1
            size += len(made.message)
            papers += len(made.papers["for_you"])
            lists.add(tuple(told[0] for told in made.papers["for_you"]))
    return {
        "mails": mails,
        "papers_per_mail": round(papers / mails, 2),
        "different_lists": len(lists),
        "bytes_per_mail": size // mails,
        "last": last,
    }


def _make_plainly(deliveries: "list[Delivery]") -> None:
    """Make the mails of `deliveries` as any Django project would."""
    from digest.editions import candidates
    from digest.email import rendering
    from digest.personalization import paper_index, profiles
    from digest.personalization.digest_selection import compose

    edition = deliveries[0].edition
    index = paper_index.build_index(candidates.papers(edition, None))
    for delivery in deliveries:
        delivery.subscriber.refresh_from_db()
        digest = compose(index, profiles.profile_of(delivery.subscriber), edition.day)
        if digest.is_worth_sending:
            rendering.build_digest_message(digest, delivery).message().as_bytes(linesep="\r\n")


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What came of `work`, and the seconds of CPU that it took."""
    begin = time.process_time()
    return work(), time.process_time() - begin


def _us(seconds: float) -> float:
    return round(seconds * 1e6, 1)


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=2))
