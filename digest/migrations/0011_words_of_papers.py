"""The database keeps the words of all papers, for the search."""

from django.db import migrations

from digest.discovery import fulltext


class Migration(migrations.Migration):
    dependencies = [("digest", "0010_shards")]
    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: fulltext.ensure(schema_editor.connection),
            lambda apps, schema_editor: fulltext.remove(schema_editor.connection),
        )
    ]
