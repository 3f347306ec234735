from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0022_catalogues"),
    ]

    operations = [
        migrations.AddField(
            model_name="topic",
            name="examples_used",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="topic",
            name="vector",
            field=models.BinaryField(db_default=b"", default=b"", help_text="384 numbers in float16."),
        ),
        migrations.AddField(
            model_name="topic",
            name="vector_model",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="The sentence model it is from.",
                max_length=60,
            ),
        ),
    ]
