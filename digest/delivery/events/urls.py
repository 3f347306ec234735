"""The URLs of the webhooks, to be entered in providers' dashboards: /anymail/postmark/tracking/ and so on."""

from django.urls import path

from digest.delivery.events.webhooks import tracking

urlpatterns = [
    path("mandrill/", tracking, {"provider": "mandrill"}),
    path("<slug:provider>/tracking/", tracking),
]
