from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone


def take_out_of_the_readers_rows(apps: Any, schema_editor: Any) -> None:
    """Create rows for the notices in readers' rows, and for former addresses that were not notified of a change."""
    Subscriber, OwedNotice = (apps.get_model('subscriptions', name) for name in ('Subscriber', 'OwedNotice'))
    for reader in Subscriber.objects.exclude(owed_notice='').exclude(owed_notice='moved'):
        to = reader.new_email if reader.owed_notice == 'change_address' else ''
        OwedNotice.objects.create(
            subscriber=reader, kind=reader.owed_notice, to=to, asked_at=reader.notice_asked_at or timezone.now()
        )
    for reader in Subscriber.objects.exclude(former_email=''):
        OwedNotice.objects.create(subscriber=reader, kind='moved', to=reader.former_email, asked_at=timezone.now())


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0005_claims_of_form_posts'),
    ]

    operations = [
        migrations.CreateModel(
            name='OwedNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('confirm', 'please confirm'), ('already_subscribed', 'you are subscribed already'), ('welcome', 'welcome'), ('link', 'here is your link'), ('change_address', 'please confirm your new address'), ('moved', 'your address was changed'), ('goodbye', 'you are unsubscribed')], max_length=20)),
                ('to', models.EmailField(blank=True, help_text='Where it goes, if not to the address that the reader has now.', max_length=254)),
                ('asked_at', models.DateTimeField()),
                ('claimed_at', models.DateTimeField(blank=True, help_text='When a worker took it in hand.', null=True)),
                ('subscriber', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='owed_notices', to='subscriptions.subscriber')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('subscriber', 'kind', 'to'), name='one_notice_of_a_kind_per_address')],
            },
        ),
        migrations.RunPython(take_out_of_the_readers_rows, migrations.RunPython.noop),
    ]
