"""The cost of a digest: planned, matched, rendered and encoded, from its row in the queue to the bytes to send.

Each reader gets ten papers of forty, selected by filters in the database: four of the day's 24 topics and, for one
reader in four, two phrases. Other figures are for readers who all have phrases, and who all have a name of three words
that no one else has, with an embedding and an expansion in the database. The comparison is the plain way, in
the same process and one email at a time: a reader loaded by Django's models, matched by the same code over the same
index, rendered by Jinja2 and built by EmailMultiAlternatives. All figures are CPU time.

`python -m benchmarks.compose` prints the figures.
"""

import datetime as dt
import json
import sys
from typing import TYPE_CHECKING, Any

from benchmarks import scratch, times

if TYPE_CHECKING:
    from digest.models import Delivery, Edition

READERS = 50_000
PLAIN = 300  # readers with an email made the plain way too
PAPERS = 40
TYPING = 0.25  # share of the readers with phrases of their own


def run(scale: float = 1.0) -> dict[str, Any]:
    """Return the CPU time of a digest in µs, and how many times longer the plain way takes."""
    return scratch.measure(f"compose.measure({max(1_000, int(READERS * scale))})")


def measure(readers: int) -> dict[str, Any]:
    """Return the figures for `readers`. Imports are local, because they need the settings of the scratch database."""
    from benchmarks import day
    from digest.delivery import planner
    from digest.models import Delivery

    now = dt.datetime.now(dt.UTC)
    edition = day.make_edition(PAPERS, now)
    day.make_readers(readers, now, typing=TYPING)
    planned, planning_took = times.timed(lambda: planner.plan_everyone(edition, now=now))
    some = list(Delivery.objects.select_related("edition", "subscriber").order_by("pk")[: PLAIN + 1])
    # Compile the templates, load the models and embed the papers first, as on a running site.
    _make_plainly(some[:1])
    made, composing_took = times.timed(lambda: _compose(edition))
    day.make_readers(readers // 4, now, typing=1, seed=3)
    typing = planner.plan_everyone(edition, now=now)
    typed, typing_took = times.timed(lambda: _compose(edition, after=made["last"]))
    day.make_readers(readers // 10, now, typing=1, seed=4, names=True)
    day.know_names(now)
    naming = planner.plan_everyone(edition, now=now)
    _, naming_took = times.timed(lambda: _compose(edition, after=typed["last"]))
    made.pop("last")
    _, plain_took = times.timed(lambda: _make_plainly(some[1:]))
    plan = planning_took / planned
    ours, plain = plan + composing_took / planned, plan + plain_took / PLAIN
    return {
        "cpu_us_per_digest": times.microseconds(ours),
        "times_plain": round(plain / ours, 1),
        "plain_cpu_us_per_digest": times.microseconds(plain),
        "of_which_planning": times.microseconds(plan),
        "cpu_us_if_all_type_words": times.microseconds(plan + typing_took / typing),
        "cpu_us_if_all_type_names": times.microseconds(plan + naming_took / naming),
        "readers": planned,
        **made,
    }


def _compose(edition: "Edition", after: int = 0) -> dict[str, Any]:
    """Compose and discard the email of each delivery with an id above `after`, and return figures about them."""
    from digest.email.batch.composer import Composer, DueDelivery

    mails = papers = size = 0
    lists = set()
    last = after
    rows = edition.deliveries.filter(pk__gt=after).order_by("pk").values_list("pk", "edition_id", "subscriber_id")
    for made in Composer().compose(map(DueDelivery._make, rows.iterator())):
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
    """Compose the emails of `deliveries` as any Django project would."""
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


if __name__ == "__main__":
    print(json.dumps(run(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0), indent=2))
