from django.urls import path, re_path

from subscriptions.views import data_requests, embed, logos, outbox, preferences, sign_in, signup, unsubscribe

app_name = "subscriptions"
urlpatterns = [
    path("subscribe/", signup.subscribe, name="subscribe"),
    path("embed/", embed.embed, name="embed"),
    path("subscribe/sent/", signup.sent, name="sent"),
    path("confirm/<str:token>/", signup.confirm, name="confirm"),
    path("sign-in/", sign_in.ask_for_link, name="ask_to_sign_in"),
    path("sign-in/<str:token>/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out_here, name="sign_out_here"),
    path("confirm/<str:token>/new/", signup.new_confirmation, name="new_confirmation"),
    path("preferences/", signup.lost_link, name="lost_link"),
    path("preferences/<str:token>/", preferences.preferences, name="preferences"),
    path("preferences/<str:token>/add/", preferences.add_requested, name="add_requested"),
    path("preferences/<str:token>/first/", signup.first_topics, name="first_topics"),
    path("preferences/<str:token>/pause/", preferences.pause, name="pause"),
    path("preferences/<str:token>/resume/", preferences.resume, name="resume"),
    path("preferences/<str:token>/move/", preferences.move, name="move"),
    path("preferences/<str:token>/stay/", preferences.stay, name="stay"),
    path("preferences/<str:token>/sign-out/", preferences.sign_out, name="sign_out"),
    path("preferences/<str:token>/sign-in/", sign_in.email_link, name="email_sign_in_link"),
    path("preferences/<str:token>/devices/", sign_in.sign_out_device, name="sign_out_device"),
    path("preferences/<str:token>/download/", data_requests.ask_for_data, name="ask_for_data"),
    path("preferences/<str:token>/my-data/", data_requests.my_data, name="data"),
    path("preferences/<str:token>/erase/", data_requests.erase, name="erase"),
    path("change-address/<str:token>/", preferences.change_address, name="change_address"),
    path("unsubscribe/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("unsubscribe/<str:token>/less/", unsubscribe.reduce_emails, name="less"),
    path("unsubscribe/<str:token>/reason/", unsubscribe.reason, name="reason"),
    path("come-back/<str:token>/", unsubscribe.resubscribe, name="come_back"),
    re_path(r"^logos/(?P<mark>[0-9a-f]{12})\.png$", logos.logo, name="logo"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("outbox/<str:name>/", outbox.outbox_mail, name="outbox_mail"),
    path("outbox/<str:name>/html/", outbox.outbox_html, name="outbox_html"),
]
