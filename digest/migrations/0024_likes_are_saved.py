"""Put the papers that readers have liked on their reading lists, which were the liked papers until now."""

from itertools import islice
from typing import Any

from django.db import migrations

BATCH = 2_000


def save_liked_papers(apps: Any, schema_editor: Any) -> None:
    Opinion, SavedPaper = apps.get_model("digest", "Opinion"), apps.get_model("digest", "SavedPaper")
    liked = Opinion.objects.filter(verdict="like").values_list("subscriber_id", "paper_id", "said_at").iterator()
    while rows := list(islice(liked, BATCH)):
        saved = [SavedPaper(subscriber_id=reader, paper_id=paper, saved_at=at) for reader, paper, at in rows]
        SavedPaper.objects.bulk_create(saved, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("digest", "0023_saved_papers")]

    operations = [migrations.RunPython(save_liked_papers, migrations.RunPython.noop)]
