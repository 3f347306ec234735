"""The login backend. It loads a session's user together with their authenticator app, which every admin page needs."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db.models import OuterRef, Subquery
from django_otp.plugins.otp_totp.models import TOTPDevice


class StaffBackend(ModelBackend):
    def get_user(self, user_id: Any) -> User | None:
        """Return the user with `app_pk`: the key of their authenticator app, or None."""
        apps = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
        user = User.objects.annotate(app_pk=Subquery(apps.values("pk")[:1])).filter(pk=user_id).first()
        return user if user and self.user_can_authenticate(user) else None
