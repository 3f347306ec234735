from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('subscriptions', '0006_owed_notices'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='subscriber', name='subscriber_owed_notice'),
        migrations.RenameField(
            model_name='subscriber', old_name='notice_asked_at', new_name='asked_to_confirm_at'
        ),
        migrations.RemoveField(model_name='subscriber', name='former_email'),
        migrations.RemoveField(model_name='subscriber', name='notice_claimed_at'),
        migrations.RemoveField(model_name='subscriber', name='owed_notice'),
    ]
