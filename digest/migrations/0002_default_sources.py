"""The sources that every installation starts with."""

from typing import Any

from django.db import migrations

ARXIV = {
    "cs.AI": "Artificial Intelligence",
    "cs.CL": "Computation and Language",
    "cs.CV": "Computer Vision",
    "cs.LG": "Machine Learning",
}


def add_sources(apps: Any, schema_editor: Any) -> None:
    source = apps.get_model("digest", "Source").objects
    source.get_or_create(kind="huggingface", key="", defaults={"name": "Hugging Face Daily Papers", "is_active": True})
    for category, subject in ARXIV.items():
        source.get_or_create(
            kind="arxiv", key=category, defaults={"name": f"arXiv {category} ({subject})", "is_active": False}
        )


class Migration(migrations.Migration):
    dependencies = [("digest", "0001_initial")]
    operations = [migrations.RunPython(add_sources, migrations.RunPython.noop)]
