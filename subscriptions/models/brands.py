"""The row that holds the newsletter's name, sender and look."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Q

from subscriptions import colors


def validate_color(value: str) -> None:
    if not colors.is_color(value):
        raise ValidationError("Write a color as # and six hexadecimal digits: #0f5f63.")


def validate_one_line(value: str) -> None:
    if any(not letter.isprintable() for letter in value):
        raise ValidationError("Write it on one line.")


class Brand(models.Model):
    """The newsletter's name, sender and look. The settings fill in empty fields. There is at most one row."""

    name = models.CharField(
        max_length=60,
        blank=True,
        validators=[validate_one_line],
        help_text="The newsletter’s name. If you leave it empty, the setting SITE_NAME is used.",
    )
    sender = models.EmailField(
        "sender’s address",
        blank=True,
        help_text="Emails come from this address, so you must be allowed to send for its domain. If you leave it "
        "empty, the setting FROM_EMAIL is used.",
    )
    reply_to = models.EmailField(
        "reply-to", blank=True, help_text="Replies go to this address. If you leave it empty, they go to the sender."
    )
    accent = models.CharField(
        "accent color",
        max_length=7,
        blank=True,
        validators=[validate_color],
        help_text="A color such as #0f5f63. Pages and emails use readable shades of it, in light and dark mode.",
    )
    logo_url = models.URLField(
        "logo",
        max_length=500,
        blank=True,
        validators=[URLValidator(schemes=["https"])],
        help_text="The https address of a PNG or JPEG. It is shown before the name, on light and dark backgrounds.",
    )
    logo_mark = models.CharField(
        max_length=12,
        blank=True,
        default="",
        db_default="",
        help_text="The mark of an uploaded logo. It is used instead of the address.",
    )
    logo_width = models.PositiveSmallIntegerField(
        default=40,
        validators=[MinValueValidator(1), MaxValueValidator(300)],
        help_text="The displayed width in pixels.",
    )
    logo_height = models.PositiveSmallIntegerField(
        default=40,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text="The displayed height in pixels.",
    )
    intro = models.TextField(
        max_length=500, blank=True, help_text="This text is shown above the papers in every digest."
    )
    footer = models.TextField(max_length=1000, blank=True, help_text="This text is shown at the end of every email.")
    postal_address = models.TextField(
        max_length=300,
        blank=True,
        help_text="It is shown at the end of every email and page. If you leave it empty, the setting POSTAL_ADDRESS "
        "is used.",
    )

    class Meta:
        verbose_name_plural = "brand"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="there_is_one_brand")]

    # The fields that a Look takes over unchanged.
    FIELDS = (
        "name",
        "reply_to",
        "accent",
        "intro",
        "footer",
        "postal_address",
        "logo_url",
        "logo_width",
        "logo_height",
    )

    def __str__(self) -> str:
        return self.name or "from the settings"

    def save(self, *args: object, **kwargs: object) -> None:
        self.pk = 1
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # Model.save's own arguments


class Logo(models.Model):
    """An uploaded logo, encoded again as PNG. Former logos stay, because emails that were sent show them."""

    mark = models.CharField(
        max_length=12, primary_key=True, help_text="The beginning of the image’s SHA-256, which is in its address."
    )
    image = models.BinaryField()
    uploaded_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True, help_text="The time when the brand was saved with it.")

    class Meta:
        ordering = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.mark
