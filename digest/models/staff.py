"""Recovery codes of staff, and the permissions that ready-made groups were given."""

from django.conf import settings
from django.db import models


class RecoveryCode(models.Model):
    """A code for a lost phone, as a keyed hash. It is deleted when it is used."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes")
    code_hash = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "code_hash"], name="one_recovery_code_of_a_kind")]

    def __str__(self) -> str:
        return f"recovery code of {self.user}"


class StaffRole(models.Model):
    """A ready-made group, and the permissions that it was given: none is given again after an admin removed it."""

    name = models.CharField(max_length=40, primary_key=True)
    group = models.OneToOneField("auth.Group", on_delete=models.SET_NULL, null=True, related_name="ready_made")
    given = models.JSONField(default=list, help_text="Permissions, such as digest.change_paper.")

    def __str__(self) -> str:
        return self.name
