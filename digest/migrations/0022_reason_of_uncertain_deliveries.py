from typing import Any

from django.db import migrations

FORMER, CURRENT = "It may have arrived. An admin left it so.", "It may have arrived. An admin decided not to send it again."


def reword(apps: Any, schema_editor: Any) -> None:
    """Write the current reason, because the dashboard leaves out deliveries by it."""
    deliveries = apps.get_model("digest", "Delivery").objects.using(schema_editor.connection.alias)
    deliveries.filter(status="uncertain", reason=FORMER).update(reason=CURRENT)


class Migration(migrations.Migration):
    dependencies = [("digest", "0021_plain_labels")]
    operations = [migrations.RunPython(reword, migrations.RunPython.noop, elidable=True)]
