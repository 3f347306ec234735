"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("anymail/", include("digest.events.urls")),
    path("", include("subscriptions.urls")),
    path("", include("digest.urls")),
]
