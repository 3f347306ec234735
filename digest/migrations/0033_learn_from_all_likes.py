"""Have the likes of all readers learned again, from their ratings and saved papers. A worker does it soon."""

from itertools import islice
from typing import Any

from django.db import migrations

BATCH = 2_000


def mark(apps: Any, schema_editor: Any) -> None:
    names = ("Opinion", "SavedPaper", "OutsidePaper", "LearnedLikes")
    Opinion, SavedPaper, OutsidePaper, LearnedLikes = (apps.get_model("digest", name) for name in names)
    rated = Opinion.objects.filter(filter_key="").order_by().values_list("subscriber_id", flat=True)
    saved = SavedPaper.objects.filter(removed_at=None).order_by().values_list("subscriber_id", flat=True)
    outside = OutsidePaper.objects.order_by().values_list("subscriber_id", flat=True)
    for rows in (rated, saved, outside):
        readers = rows.distinct().iterator()
        while batch := list(islice(readers, BATCH)):
            marked = [LearnedLikes(subscriber_id=reader, is_outdated=True) for reader in batch]
            LearnedLikes.objects.bulk_create(marked, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("digest", "0032_learned_likes")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]
