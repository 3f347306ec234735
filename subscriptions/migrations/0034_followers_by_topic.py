"""Sort the followers of a topic by an index, which replaces the one of topics alone.

That one is dropped by name, because Django would copy the whole table on SQLite.
"""

import django.db.models.deletion
from django.db import migrations, models

SUPERFLUOUS = "subscriptions_topicfilter_topic_id_6e8c8e23"


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0033_plain_help_sentences")]

    operations = [
        migrations.AddIndex("topicfilter", models.Index(fields=["topic", "id"], name="filter_by_topic")),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    f"DROP INDEX IF EXISTS {SUPERFLUOUS}",
                    f"CREATE INDEX {SUPERFLUOUS} ON subscriptions_topicfilter (topic_id)",
                )
            ],
            state_operations=[
                migrations.AlterField(
                    "topicfilter",
                    "topic",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="filters",
                        to="subscriptions.topic",
                    ),
                ),
            ],
        ),
    ]
