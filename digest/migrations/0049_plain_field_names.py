from django.db import migrations, models


class Migration(migrations.Migration):
    """Rename three fields. Their columns keep their names, so the database does not change."""

    dependencies = [("digest", "0048_expansions_stored_at")]

    operations = [
        migrations.AlterField(
            model_name="edition",
            name="sorted_by",
            field=models.CharField(
                blank=True,
                db_column="sorted_by",
                editable=False,
                help_text="A hash of the topics that its papers were assigned by.",
                max_length=64,
            ),
        ),
        migrations.RenameField(model_name="edition", old_name="sorted_by", new_name="catalogue_hash"),
        migrations.AlterField(
            model_name="turn",
            name="host",
            field=models.CharField(db_column="host", max_length=100, unique=True),
        ),
        migrations.RenameField(model_name="turn", old_name="host", new_name="name"),
        migrations.AlterField(
            model_name="edition",
            name="mail_from",
            field=models.DateTimeField(
                blank=True,
                db_column="mail_from",
                help_text="Readers get it at their next hour after this. Empty: not scheduled.",
                null=True,
            ),
        ),
        migrations.RenameField(model_name="edition", old_name="mail_from", new_name="send_after"),
    ]
