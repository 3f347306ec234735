import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("digest", "0030_outside_papers"),
        ("subscriptions", "0023_topic_examples"),
    ]

    operations = [
        migrations.CreateModel(
            name="TopicExample",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_right", models.BooleanField(verbose_name="is on the topic")),
                ("was_found", models.BooleanField(default=False, help_text="The topic found it at that time.")),
                ("added_at", models.DateTimeField(auto_now_add=True)),
                (
                    "paper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="topic_examples", to="digest.paper"
                    ),
                ),
                (
                    "topic",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="examples", to="subscriptions.topic"
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("topic", "paper"), name="one_example_per_topic_and_paper")
                ],
            },
        ),
    ]
