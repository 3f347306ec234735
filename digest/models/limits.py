"""The state of the rate limits."""

from django.db import models


class Allowance(models.Model):
    """A counter of sending limits: a token bucket (see `digest.delivery.limits`), or the emails sent on a day."""

    name = models.CharField(max_length=200, unique=True)
    level = models.FloatField(help_text="Tokens in the bucket at `at`, or emails sent on the day.")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.level:g}"
