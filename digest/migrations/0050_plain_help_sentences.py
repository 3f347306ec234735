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
            model_name='job',
            name='total',
            field=models.PositiveBigIntegerField(blank=True, help_text='The number of rows. It is empty if it is not known before the end.', null=True),
        ),
        migrations.AlterField(
            model_name='learnedlikes',
            name='is_outdated',
            field=models.BooleanField(db_default=False, default=False, help_text='It will be learned again soon.'),
        ),
        migrations.AlterField(
            model_name='paper',
            name='comment',
            field=models.TextField(blank=True, help_text="The authors' remark on arXiv, such as the number of pages or the conference."),
        ),
        migrations.AlterField(
            model_name='paper',
            name='figure_url',
            field=models.URLField(blank=True, help_text='The address of a figure. It is shown in place of the card.', max_length=1000),
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
            model_name='pause',
            name='paused_by',
            field=models.CharField(blank=True, db_default='', default='', help_text='The user who paused sending. It is empty if sending was paused automatically.', max_length=150),
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
            name='next_at',
            field=models.DateTimeField(blank=True, help_text='The time of the next try. It is empty once the message was delivered or given up.', null=True),
        ),
    ]
