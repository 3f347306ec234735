import django.core.validators
import subscriptions.models.brands
from django.db import migrations, models


class Migration(migrations.Migration):
    """Write help texts as whole sentences. The database does not change."""

    dependencies = [
        ('subscriptions', '0032_sign_ups_by_date'),
    ]

    operations = [
        migrations.AlterField(
            model_name='brand',
            name='accent',
            field=models.CharField(blank=True, help_text='A color such as #0f5f63. Pages and emails use readable shades of it, in light and dark mode.', max_length=7, validators=[subscriptions.models.brands.validate_color], verbose_name='accent color'),
        ),
        migrations.AlterField(
            model_name='brand',
            name='footer',
            field=models.TextField(blank=True, help_text='This text is shown at the end of every email.', max_length=1000),
        ),
        migrations.AlterField(
            model_name='brand',
            name='intro',
            field=models.TextField(blank=True, help_text='This text is shown above the papers in every digest.', max_length=500),
        ),
        migrations.AlterField(
            model_name='brand',
            name='logo_height',
            field=models.PositiveSmallIntegerField(default=40, help_text='The displayed height in pixels.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(120)]),
        ),
        migrations.AlterField(
            model_name='brand',
            name='logo_mark',
            field=models.CharField(blank=True, db_default='', default='', help_text='The mark of an uploaded logo. It is used instead of the address.', max_length=12),
        ),
        migrations.AlterField(
            model_name='brand',
            name='logo_width',
            field=models.PositiveSmallIntegerField(default=40, help_text='The displayed width in pixels.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(300)]),
        ),
        migrations.AlterField(
            model_name='brand',
            name='name',
            field=models.CharField(blank=True, help_text="The newsletter's name. If you leave it empty, the setting SITE_NAME is used.", max_length=60, validators=[subscriptions.models.brands.validate_one_line]),
        ),
        migrations.AlterField(
            model_name='brand',
            name='postal_address',
            field=models.TextField(blank=True, help_text='It is shown at the end of every email and page. If you leave it empty, the setting POSTAL_ADDRESS is used.', max_length=300),
        ),
        migrations.AlterField(
            model_name='brand',
            name='reply_to',
            field=models.EmailField(blank=True, help_text='Replies go to this address. If you leave it empty, they go to the sender.', max_length=254, verbose_name='reply-to'),
        ),
        migrations.AlterField(
            model_name='brand',
            name='sender',
            field=models.EmailField(blank=True, help_text='Emails come from this address, so you must be allowed to send for its domain. If you leave it empty, the setting FROM_EMAIL is used.', max_length=254, verbose_name="sender's address"),
        ),
        migrations.AlterField(
            model_name='catalogue',
            name='is_on',
            field=models.BooleanField(help_text='Readers can choose its topics. If you untick this, those who follow one of them keep it.', verbose_name='offered to readers'),
        ),
        migrations.AlterField(
            model_name='device',
            name='last_seen_on',
            field=models.DateField(help_text='This is updated once a day.', verbose_name='last seen on'),
        ),
        migrations.AlterField(
            model_name='erasurenotice',
            name='claimed_at',
            field=models.DateTimeField(blank=True, help_text='The time when a worker started on it.', null=True),
        ),
        migrations.AlterField(
            model_name='formpost',
            name='claimed_at',
            field=models.DateTimeField(blank=True, help_text='The time when a worker started on it.', null=True),
        ),
        migrations.AlterField(
            model_name='formpost',
            name='trace',
            field=models.JSONField(blank=True, default=dict, help_text='It is kept for the log of consents.'),
        ),
        migrations.AlterField(
            model_name='logo',
            name='used_at',
            field=models.DateTimeField(blank=True, help_text='The time when the brand was saved with it.', null=True),
        ),
        migrations.AlterField(
            model_name='owednotice',
            name='claimed_at',
            field=models.DateTimeField(blank=True, help_text='The time when a worker started on it.', null=True),
        ),
        migrations.AlterField(
            model_name='subscriber',
            name='amount',
            field=models.CharField(choices=[('fewer', 'Only close matches'), ('balanced', 'Balanced'), ('more', 'Anything related')], default='balanced', help_text='How closely a paper must match what the reader follows.', max_length=8),
        ),
        migrations.AlterField(
            model_name='subscriber',
            name='follows_likes',
            field=models.BooleanField(db_default=True, default=True, help_text='The reader also gets papers that are close to what they liked or saved.', verbose_name='gets papers close to likes'),
        ),
        migrations.AlterField(
            model_name='subscriber',
            name='mail_quiet_days',
            field=models.BooleanField(default=False, help_text='If nothing matches, the reader gets the papers with the most votes.', verbose_name='emails on quiet days'),
        ),
        migrations.AlterField(
            model_name='subscriber',
            name='new_email',
            field=models.EmailField(blank=True, help_text='The reader asked for this address, and has not yet confirmed it by the link that was sent to it.', max_length=254, verbose_name='new email address'),
        ),
        migrations.AlterField(
            model_name='subscriber',
            name='one_list',
            field=models.BooleanField(db_default=False, default=False, help_text='The digest is one list, without a heading for each thing that the reader follows.', verbose_name='emails as one list'),
        ),
        migrations.AlterField(
            model_name='subscriber',
            name='send_hour',
            field=models.PositiveSmallIntegerField(default=7, help_text="An hour from 0 to 23, in the reader's time zone.", validators=[django.core.validators.MaxValueValidator(23)], verbose_name='send hour'),
        ),
        migrations.AlterField(
            model_name='topic',
            name='catalogue',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='The catalogue that it comes from. It is empty if an admin made the topic.', max_length=20),
        ),
        migrations.AlterField(
            model_name='topic',
            name='position',
            field=models.PositiveIntegerField(default=0, help_text='Topics with lower numbers come first on the form.'),
        ),
        migrations.AlterField(
            model_name='topic',
            name='vector',
            field=models.BinaryField(db_default=b'', default=b'', help_text='Its embedding: 384 numbers in float16.'),
        ),
        migrations.AlterField(
            model_name='topic',
            name='vector_model',
            field=models.CharField(blank=True, db_default='', default='', editable=False, help_text='The sentence model that made the embedding.', max_length=60),
        ),
    ]
