from typing import Any

from django.db import migrations


def forget_the_others(apps: Any, schema_editor: Any) -> None:
    """Remove IP addresses and browsers from all steps but sign-up and confirmation, as the privacy page says."""
    others = apps.get_model('subscriptions', 'Consent').objects.exclude(event__in=['asked', 'confirmed'])
    others.update(ip=None, user_agent='')


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0008_wishes_of_who_comes_back'),
    ]

    operations = [migrations.RunPython(forget_the_others, migrations.RunPython.noop)]
