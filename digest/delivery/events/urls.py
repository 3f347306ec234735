"""The addresses that providers' dashboards are given: /anymail/postmark/tracking/ and so on."""

from django.urls import path

from digest.delivery.events.webhooks import tracking

urlpatterns = [
    path("mandrill/", tracking, {"provider": "mandrill"}),
    path("<slug:provider>/tracking/", tracking),
]
