"""Fill in the title keys of papers that an older version stored without them."""

from django.db import connections

from digest.models import Paper
from digest.models.papers import title_key

CHUNK = 1_000  # papers in a statement
COLUMNS = {"id", "title", "title_key"}  # that `fill` reads


def fill(using: str) -> int:
    """Set the missing title keys in the database `using`. Return the number of papers that got one."""
    papers = Paper.objects.using(using).filter(title_key="").order_by("pk").values_list("pk", "title")
    count = last = 0
    while chunk := list(papers.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1][0]
        rows = [(key, pk) for pk, title in chunk if (key := title_key(title))]
        with connections[using].cursor() as cursor:
            cursor.executemany("UPDATE digest_paper SET title_key = %s WHERE id = %s", rows)
        count += len(rows)
    return count
