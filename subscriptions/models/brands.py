"""The row in which admins keep how the newsletter looks and who sends it."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Q

from subscriptions import colours


def validate_colour(value: str) -> None:
    if not colours.is_colour(value):
        raise ValidationError("Write a colour as # and six digits: #0f5f63.")


def validate_one_line(value: str) -> None:
    if any(not letter.isprintable() for letter in value):
        raise ValidationError("Write it in one line.")


class Brand(models.Model):
    """How the newsletter looks and who sends it. What is empty comes from the settings. There is one row at most."""

    name = models.CharField(
        max_length=60, blank=True, validators=[validate_one_line], help_text="Of the newsletter. Empty: SITE_NAME."
    )
    sender = models.EmailField(
        "sender's address",
        blank=True,
        help_text="In From, after the name; its domain must be one that you send for. Empty: FROM_EMAIL.",
    )
    reply_to = models.EmailField("answers go to", blank=True, help_text="Empty: to the sender.")
    accent = models.CharField(
        "accent colour",
        max_length=7,
        blank=True,
        validators=[validate_colour],
        help_text="As #0f5f63. Shades of it that can be read are used, in light and in dark.",
    )
    logo_url = models.URLField(
        "logo",
        max_length=500,
        blank=True,
        validators=[URLValidator(schemes=["https"])],
        help_text="The https address of a PNG or JPEG. It stands before the name, on light and on dark.",
    )
    logo_width = models.PositiveSmallIntegerField(
        default=40, validators=[MinValueValidator(1), MaxValueValidator(300)], help_text="Pixels, as it is shown."
    )
    logo_height = models.PositiveSmallIntegerField(
        default=40, validators=[MinValueValidator(1), MaxValueValidator(120)], help_text="Pixels, as it is shown."
    )
    intro = models.TextField(max_length=500, blank=True, help_text="Plain text above the papers of every digest.")
    footer = models.TextField(max_length=1000, blank=True, help_text="Plain text at the foot of every mail.")
    postal_address = models.TextField(
        max_length=300, blank=True, help_text="At the foot of every mail and page. Empty: POSTAL_ADDRESS."
    )

    class Meta:
        verbose_name_plural = "brand"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="there_is_one_brand")]

    # What of it a look is made of, as it is.
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
        return self.name or "as the settings say"

    def save(self, *args: object, **kwargs: object) -> None:
        self.pk = 1
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # as they come
