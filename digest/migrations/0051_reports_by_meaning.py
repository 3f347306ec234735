from django.db import migrations, models


class Migration(migrations.Migration):
    """Add an index of the few reports with a meaning, such as bounces."""

    dependencies = [("digest", "0050_plain_help_sentences")]

    operations = [
        migrations.AddIndex(
            model_name="deliveryevent",
            index=models.Index(
                condition=~models.Q(meaning=""), fields=["meaning", "happened_at"], name="event_by_meaning"
            ),
        ),
    ]
