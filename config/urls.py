"""Every address of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("subscriptions.urls")),
    path("", include("digest.urls")),
]
if settings.ANYMAIL.get("WEBHOOK_SECRET"):
    # Without a secret anybody could report a complaint, and have any address suppressed.
    urlpatterns.append(path("anymail/", include("anymail.urls")))
