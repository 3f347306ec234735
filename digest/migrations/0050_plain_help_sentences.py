import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    """Write help texts as whole sentences. The database does not change."""

    dependencies = [
        ('digest', '0049_plain_field_names'),
    ]

    operations = [
        migrations.AlterField(
            model_name='apitoken',
            name='expires_at',
            field=models.DateTimeField(blank=True, help_text='The token stops working at this time (UTC). If you leave it empty, it does not expire.', null=True),
        ),
        migrations.AlterField(
            model_name='apitoken',
            name='name',
            field=models.CharField(help_text='The program that uses this token. It is named in the log of consents.', max_length=60, unique=True),
        ),
        migrations.AlterField(
            model_name='apitoken',
            name='old_hash',
            field=models.CharField(blank=True, db_index=True, default='', editable=False, help_text='The token before the last rotation.', max_length=64),
        ),
        migrations.AlterField(
            model_name='apitoken',
            name='prefix',
            field=models.CharField(editable=False, help_text='The beginning of the token, so that you can recognize it.', max_length=11),
        ),
        migrations.AlterField(
            model_name='apitoken',
            name='scopes',
            field=models.JSONField(default=list, help_text='What a program may do with this token.'),
        ),
        migrations.AlterField(
            model_name='archivewords',
            name='expanded_at',
            field=models.DateTimeField(editable=False, help_text='The time when an expansion was last stored.', null=True),
        ),
        migrations.AlterField(
            model_name='assessment',
            name='fits',
            field=models.BooleanField(help_text='Whether the paper fits the interest. It is empty if the answer could not be used.', null=True),
        ),
        migrations.AlterField(
            model_name='assessment',
            name='problem',
            field=models.TextField(blank=True, help_text='Why the answer could not be used.'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='not_before',
            field=models.DateTimeField(help_text='The next try is not before this time.'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='reason',
            field=models.TextField(blank=True, help_text='The reason why it was skipped, failed or will be retried.'),
        ),
        migrations.AlterField(
            model_name='deliveryevent',
            name='meaning',
            field=models.CharField(blank=True, help_text='The class of the report: hard or soft bounce, policy, complaint or left.', max_length=10),
        ),
        migrations.AlterField(
            model_name='edition',
            name='closed_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='No papers are added after this time. If it is empty, the edition is open until its hour.', null=True),
        ),
        migrations.AlterField(
            model_name='edition',
            name='note_before',
            field=models.TextField(blank=True, help_text="The editors' note above the papers, as plain text."),
        ),
        migrations.AlterField(
            model_name='edition',
            name='send_after',
            field=models.DateTimeField(blank=True, db_column='mail_from', help_text='Readers get the edition at their next delivery hour after this time (UTC). If it is empty, the edition is not emailed.', null=True),
        ),
        migrations.AlterField(
            model_name='fetchrun',
            name='message',
            field=models.TextField(blank=True, help_text='The reason why the run failed or found nothing, or the rejected items.'),
        ),
        migrations.AlterField(
            model_name='heartbeat',
            name='at',
            field=models.DateTimeField(db_index=True, help_text="The time by the database's clock."),
        ),
        migrations.AlterField(
            model_name='heartbeat',
            name='depth',
            field=models.PositiveIntegerField(help_text='The number of tasks that wait in a queue.', null=True),
        ),
        migrations.AlterField(
            model_name='heartbeat',
            name='own_clock',
            field=models.DateTimeField(help_text='The time by the clock of the process, at the same moment.'),
        ),
        migrations.AlterField(
            model_name='heartbeat',
            name='waited',
            field=models.FloatField(help_text="The seconds that a queue's last task waited.", null=True),
        ),
        migrations.AlterField(
            model_name='incident',
            name='alert_at',
            field=models.DateTimeField(blank=True, db_index=True, help_text='The time when the next alert is due or tried again.', null=True),
        ),
        migrations.AlterField(
            model_name='incident',
            name='alerted_at',
            field=models.DateTimeField(blank=True, help_text='The time when the operators were alerted.', null=True),
        ),
        migrations.AlterField(
            model_name='incident',
            name='end_alerted_at',
            field=models.DateTimeField(blank=True, help_text='The time when they were alerted to its end.', null=True),
        ),
        migrations.AlterField(
            model_name='incident',
            name='seen_at',
            field=models.DateTimeField(help_text='The time when it was last found.'),
        ),
        migrations.AlterField(
            model_name='incident',
            name='tries',
            field=models.PositiveIntegerField(default=0, help_text='The number of times that the next alert was tried.'),
        ),
        migrations.AlterField(
            model_name='installation',
            name='backed_up_at',
            field=models.DateTimeField(blank=True, help_text='The time when a timer last made a backup.', null=True),
        ),
        migrations.AlterField(
            model_name='installation',
            name='behind_reason',
            field=models.TextField(blank=True, help_text='The reason why that is known.'),
        ),
        migrations.AlterField(
            model_name='installation',
            name='behind_since',
            field=models.DateTimeField(blank=True, help_text='The time since which this database is known to lack emails that were sent.', null=True),
        ),
        migrations.AlterField(
            model_name='installation',
            name='incarnation',
            field=models.UUIDField(default=uuid.uuid4, editable=False, help_text='A random id. A restored database keeps it, and a new one gets another.'),
        ),
        migrations.AlterField(
            model_name='installation',
            name='position',
            field=models.BigIntegerField(default=0, help_text='The number of times that plans and results were recorded. It only grows.'),
        ),
        migrations.AlterField(
            model_name='job',
            name='total',
            field=models.PositiveBigIntegerField(blank=True, help_text='The number of rows. It is empty if it is not known before the end.', null=True),
        ),
        migrations.AlterField(
            model_name='learnedlikes',
            name='is_outdated',
            field=models.BooleanField(db_default=False, default=False, help_text='Whether it will be learned again soon.'),
        ),
        migrations.AlterField(
            model_name='learnt',
            name='weights',
            field=models.JSONField(blank=True, default=dict, editable=False, help_text='No longer used, because likes are a filter.'),
        ),
        migrations.AlterField(
            model_name='metriccounter',
            name='value',
            field=models.FloatField(help_text='The total since the counter was made.'),
        ),
        migrations.AlterField(
            model_name='outsidepaper',
            name='key',
            field=models.CharField(help_text='The key of a paper, or a hash of its title.', max_length=300),
        ),
        migrations.AlterField(
            model_name='paper',
            name='announce_type',
            field=models.CharField(blank=True, help_text='The kind of announcement at arXiv: new or cross.', max_length=20),
        ),
        migrations.AlterField(
            model_name='paper',
            name='comment',
            field=models.TextField(blank=True, help_text="The authors' remark on arXiv, such as the number of pages or the conference."),
        ),
        migrations.AlterField(
            model_name='paper',
            name='enriched_at',
            field=models.DateTimeField(blank=True, help_text='The time when arXiv was last asked for its metadata.', null=True),
        ),
        migrations.AlterField(
            model_name='paper',
            name='figure_url',
            field=models.URLField(blank=True, help_text='The address of a figure. It is shown in place of the card.', max_length=1000),
        ),
        migrations.AlterField(
            model_name='paper',
            name='fingerprint',
            field=models.CharField(blank=True, db_index=True, editable=False, help_text='A hash of the plain title and the first author.', max_length=64),
        ),
        migrations.AlterField(
            model_name='paper',
            name='is_hidden',
            field=models.BooleanField(default=False, help_text='The paper is neither shown nor emailed.', verbose_name='hidden'),
        ),
        migrations.AlterField(
            model_name='paper',
            name='is_pinned',
            field=models.BooleanField(default=False, help_text='The paper is shown first in its edition.', verbose_name='pinned'),
        ),
        migrations.AlterField(
            model_name='paper',
            name='key',
            field=models.CharField(help_text="The paper's key: arxiv:2608.16590, doi:10.…, or a hash of its link.", max_length=300, unique=True),
        ),
        migrations.AlterField(
            model_name='paper',
            name='take_away',
            field=models.TextField(blank=True, db_default='', default='', help_text='A sentence or two, made if the source has no summary.', verbose_name='take-away'),
        ),
        migrations.AlterField(
            model_name='paper',
            name='thumbnail_url',
            field=models.URLField(blank=True, help_text='The address of a card with the title, as social media show it.', max_length=1000, verbose_name='card'),
        ),
        migrations.AlterField(
            model_name='paper',
            name='title_key',
            field=models.CharField(blank=True, db_default='', db_index=True, default='', editable=False, help_text="A hash of the title's words.", max_length=32),
        ),
        migrations.AlterField(
            model_name='pause',
            name='paused_by',
            field=models.CharField(blank=True, db_default='', default='', help_text='The user who paused sending. It is empty if sending was paused automatically.', max_length=150),
        ),
        migrations.AlterField(
            model_name='pause',
            name='probe_at',
            field=models.DateTimeField(blank=True, help_text='The time when the next email is tried.', null=True),
        ),
        migrations.AlterField(
            model_name='pause',
            name='probes',
            field=models.PositiveIntegerField(default=0, help_text='The number of tries so far.'),
        ),
        migrations.AlterField(
            model_name='pause',
            name='until',
            field=models.DateTimeField(blank=True, help_text='The pause ends by itself at this time.', null=True),
        ),
        migrations.AlterField(
            model_name='savedpaper',
            name='removed_at',
            field=models.DateTimeField(blank=True, help_text='Removed rows are kept for a day, so that this can be undone.', null=True),
        ),
        migrations.AlterField(
            model_name='sentbefore',
            name='is_certain',
            field=models.BooleanField(help_text='Whether the server accepted it. If not, it may still have arrived.'),
        ),
        migrations.AlterField(
            model_name='source',
            name='is_active',
            field=models.BooleanField(default=True, help_text='The source is read every half hour.', verbose_name='active'),
        ),
        migrations.AlterField(
            model_name='source',
            name='key',
            field=models.CharField(blank=True, help_text='For arXiv, enter a category such as cs.CL. For a feed, enter its address. Leave it empty for Hugging Face.', max_length=500, verbose_name='category or address'),
        ),
        migrations.AlterField(
            model_name='source',
            name='watched_from',
            field=models.DateField(blank=True, editable=False, help_text='Papers that it listed before this time are not published as new.', null=True),
        ),
        migrations.AlterField(
            model_name='textexpansion',
            name='used_on',
            field=models.DateField(db_index=True, help_text='The time when it was last needed, to within a week.'),
        ),
        migrations.AlterField(
            model_name='topicexample',
            name='was_found',
            field=models.BooleanField(default=False, help_text='Whether the topic found the paper at that time.'),
        ),
        migrations.AlterField(
            model_name='vector',
            name='used_on',
            field=models.DateField(help_text='The time when it was last needed, to within a week.'),
        ),
        migrations.AlterField(
            model_name='webhookendpoint',
            name='events',
            field=models.JSONField(default=list, help_text='The program gets a message about each of these events.'),
        ),
        migrations.AlterField(
            model_name='webhookendpoint',
            name='is_active',
            field=models.BooleanField(default=True, help_text='If you untick this, the program gets no messages.', verbose_name='active'),
        ),
        migrations.AlterField(
            model_name='webhookendpoint',
            name='name',
            field=models.CharField(help_text='The program that receives the messages.', max_length=60, unique=True),
        ),
        migrations.AlterField(
            model_name='webhookendpoint',
            name='with_address',
            field=models.BooleanField(default=False, help_text='Messages name readers by their ids. Tick this only if the program needs their email addresses, too.', verbose_name='with email addresses'),
        ),
        migrations.AlterField(
            model_name='webhookmessage',
            name='answer',
            field=models.CharField(blank=True, help_text='The beginning of the last answer, or the reason why there is none.', max_length=300),
        ),
        migrations.AlterField(
            model_name='webhookmessage',
            name='next_at',
            field=models.DateTimeField(blank=True, help_text='The time of the next try. It is empty once the message was delivered or given up.', null=True),
        ),
    ]
