from django.db import migrations


class Migration(migrations.Migration):
    """Forget two fields. Their columns stay, because processes of the earlier version still read them."""

    dependencies = [
        ("digest", "0041_pauses_by_hand"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField(model_name="pause", name="told_at"),
                migrations.RemoveField(model_name="shard", name="alerted_at"),
            ]
        ),
    ]
