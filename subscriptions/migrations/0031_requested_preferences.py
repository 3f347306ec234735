from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename a field. Its column keeps its name, so the database does not change."""

    dependencies = [("subscriptions", "0030_consents_by_event")]

    operations = [
        migrations.AlterField(
            model_name="subscriber",
            name="asked_wishes",
            field=models.JSONField(
                blank=True,
                db_column="asked_wishes",
                editable=False,
                help_text="What the last sign-up asked for, until the reader confirms or accepts it.",
                null=True,
            ),
        ),
        migrations.RenameField(
            model_name="subscriber", old_name="asked_wishes", new_name="requested_preferences"
        ),
    ]
