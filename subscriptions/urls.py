from django.urls import path

from subscriptions import outbox_views, views

app_name = "subscriptions"
urlpatterns = [
    path("subscribe/", views.subscribe, name="subscribe"),
    path("subscribe/check-your-mail/", views.check_your_mail, name="check_your_mail"),
    path("confirm/<str:token>/", views.confirm, name="confirm"),
    path("preferences/<str:token>/", views.preferences, name="preferences"),
    path("preferences/<str:token>/pause/", views.pause, name="pause"),
    path("preferences/<str:token>/resume/", views.resume, name="resume"),
    path("unsubscribe/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("outbox/", outbox_views.outbox, name="outbox"),
    path("outbox/<str:name>/", outbox_views.outbox_mail, name="outbox_mail"),
    path("outbox/<str:name>/html/", outbox_views.outbox_html, name="outbox_html"),
]
