"""Drop indexes that others make superfluous: each costs time whenever a reader is added.

They are dropped by name, because Django would copy the whole tables on SQLite.
"""

import django.db.models.deletion
from django.db import migrations, models

SUPERFLUOUS = [
    "subscriptions_subscriber_status_df04bec2",  # subscriber_slot begins with the status
    "subscriptions_subscriber_status_df04bec2_like",
    "subscriptions_topicfilter_subscriber_id_e0742180",  # one_filter_per_reader_and_topic begins with the reader
    "subscriptions_consent_address_hash_3ebbb127",  # consent_by_address replaces it
    "subscriptions_consent_address_hash_3ebbb127_like",
]


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0027_filters_with_words")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([f"DROP INDEX IF EXISTS {name}" for name in SUPERFLUOUS])],
            state_operations=[
                migrations.AlterField("consent", "address_hash", models.CharField(max_length=64)),
                migrations.AlterField(
                    "subscriber",
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "pending: has not confirmed"),
                            ("active", "active"),
                            ("paused", "paused"),
                            ("unsubscribed", "unsubscribed"),
                            ("suppressed", "suppressed: must not be emailed"),
                        ],
                        default="pending",
                        max_length=12,
                    ),
                ),
                migrations.AlterField(
                    "topicfilter",
                    "subscriber",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="filters",
                        to="subscriptions.subscriber",
                    ),
                ),
            ],
        ),
        # An index gave this order before.
        migrations.AlterModelOptions("topicfilter", {"ordering": ["pk"], "verbose_name": "follow"}),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["address_hash"], name="consent_by_address"),
        ),
    ]
