from django.db import migrations, models


def name_catalogue(apps, schema_editor):
    """Say that the topics loaded so far come from the only catalogue there was."""
    apps.get_model("subscriptions", "Topic").objects.exclude(loaded_hash="").update(catalogue="ai")


class Migration(migrations.Migration):
    dependencies = [("subscriptions", "0021_fewer_emails_notice")]

    operations = [
        migrations.CreateModel(
            name="Catalogue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(editable=False, unique=True)),
                (
                    "is_on",
                    models.BooleanField(
                        help_text="If not, no new readers can choose its topics. Those who follow one keep it.",
                        verbose_name="offered to readers",
                    ),
                ),
                (
                    "withdrawn",
                    models.JSONField(
                        default=list,
                        editable=False,
                        help_text="Slugs of topics that were not offered when it was switched off, so that they stay so.",
                    ),
                ),
            ],
            options={"ordering": ["pk"]},
        ),
        migrations.AddField(
            model_name="topic",
            name="catalogue",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, help_text="Empty if an admin made it.", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="topic",
            name="categories",
            field=models.JSONField(
                blank=True,
                db_default=models.Value([], models.JSONField()),
                default=list,
                help_text="A paper that a source files under any of these categories is on the topic.",
            ),
        ),
        migrations.RunPython(name_catalogue, migrations.RunPython.noop),
    ]
