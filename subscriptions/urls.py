from django.urls import path

from subscriptions import outbox_views
from subscriptions.views import joining, leaving, preferences, rights

app_name = "subscriptions"
urlpatterns = [
    path("subscribe/", joining.subscribe, name="subscribe"),
    path("confirm/<str:token>/", joining.confirm, name="confirm"),
    path("preferences/", joining.lost_link, name="lost_link"),
    path("preferences/<str:token>/", preferences.preferences, name="preferences"),
    path("preferences/<str:token>/pause/", preferences.pause, name="pause"),
    path("preferences/<str:token>/resume/", preferences.resume, name="resume"),
    path("preferences/<str:token>/move/", preferences.move, name="move"),
    path("preferences/<str:token>/stay/", preferences.stay, name="stay"),
    path("preferences/<str:token>/sign-out/", preferences.sign_out, name="sign_out"),
    path("preferences/<str:token>/download/", rights.ask_for_data, name="ask_for_data"),
    path("preferences/<str:token>/my-data/", rights.my_data, name="data"),
    path("preferences/<str:token>/erase/", rights.erase, name="erase"),
    path("change-address/<str:token>/", preferences.change_address, name="change_address"),
    path("unsubscribe/<str:token>/", leaving.unsubscribe, name="unsubscribe"),
    path("unsubscribe/<str:token>/reason/", leaving.reason, name="reason"),
    path("come-back/<str:token>/", leaving.come_back, name="come_back"),
    path("outbox/", outbox_views.outbox, name="outbox"),
    path("outbox/<str:name>/", outbox_views.outbox_mail, name="outbox_mail"),
    path("outbox/<str:name>/html/", outbox_views.outbox_html, name="outbox_html"),
]
