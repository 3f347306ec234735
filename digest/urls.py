from django.urls import path, re_path, register_converter
from django.views.generic import RedirectView

from digest import converters
from digest.views import (
    about,
    actions,
    api,
    authors,
    crawlers,
    digests,
    editions,
    feedback,
    feeds,
    for_you,
    health,
    metrics,
    papers,
    previews,
    saved,
    search,
    suggestions,
    thumbnails,
    topics,
)

register_converter(converters.KeyConverter, "key")
register_converter(converters.DayConverter, "day")
register_converter(converters.WeekConverter, "week")
register_converter(converters.MonthConverter, "month")

app_name = "digest"
urlpatterns = [
    path("", editions.latest, name="latest"),
    path("<day:day>/", editions.edition, name="edition"),
    path("weeks/<week:day>/", editions.week, name="week"),
    path("months/<month:day>/", editions.month, name="month"),
    path("calendar/", editions.newest_month, name="calendar"),
    path("papers/<key:key>.bib", papers.bibtex, name="bibtex"),
    path("papers/<key:key>.ris", papers.ris, name="ris"),
    path("papers/<key:key>/", papers.paper, name="paper"),
    path("authors/<str:name>/", authors.author, name="author"),
    path("topics/", topics.catalogue, name="topics"),
    path("topics/<slug:slug>/", topics.topic, name="topic"),
    path("digests/<str:token>/", digests.digest, name="digest"),
    path("digests/<str:token>/papers/<int:pk>/", feedback.of_a_paper, name="opinion"),
    path("preferences/<str:token>/preview/", previews.preview_of_settings, name="preview_of_settings"),
    path("preferences/<str:token>/learnt/", feedback.learnt, name="learnt"),
    path("preferences/<str:token>/reading-list/", feedback.reading_list, name="reading_list"),
    re_path(
        r"^preferences/(?P<token>[^/]+)/reading-list\.(?P<suffix>bib|ris|csv)$",
        feedback.reading_list_file,
        name="reading_list_file",
    ),
    path("actions/", actions.act, name="act"),
    path("for-you/", for_you.for_you, name="for_you"),
    path("for-you/<day:day>/", for_you.for_you, name="for_you_on"),
    path("saved/", saved.saved, name="saved"),
    re_path(r"^saved\.(?P<suffix>bib|ris|csv)$", saved.export, name="saved_file"),
    path("api/papers/", api.papers, name="api_papers"),
    path("suggest/", suggestions.suggest, name="suggest"),
    path("suggest/take/", suggestions.take, name="take_suggestions"),
    path("suggest/<str:token>/", suggestions.suggest_to_reader, name="suggest_to_reader"),
    path("subscribe/preview/", previews.preview, name="preview"),
    path("search", search.search, name="search"),
    path("search/", RedirectView.as_view(pattern_name="digest:search", query_string=True, permanent=True)),
    path("feeds/search.atom", feeds.search, name="search_feed"),
    path("feeds/personal/<str:token>.atom", feeds.personal, name="personal_feed"),
    path("feeds/latest.atom", feeds.latest, name="feed"),
    path("feeds/topics/<slug:slug>.atom", feeds.topic, name="topic_feed"),
    path("sitemap.xml", crawlers.sitemap, name="sitemap"),
    path("sitemaps/<slug:name>.xml", crawlers.sitemap_part, name="sitemap_part"),
    path("privacy/", about.privacy, name="privacy"),
    path("imprint/", about.imprint, name="imprint"),
    re_path("^accents/(?P<color>[0-9a-f]{6}).css$", about.accent, name="accent"),
    path("favicon.ico", crawlers.favicon, name="favicon"),
    path("apple-touch-icon.png", crawlers.apple_touch_icon, name="apple_touch_icon"),
    path("manifest.webmanifest", crawlers.manifest, name="manifest"),
    re_path("^thumbnails/(?P<pk>[0-9]{1,15})-(?P<mark>[0-9a-f]{12}).webp$", thumbnails.thumbnail, name="thumbnail"),
    re_path(
        r"^thumbnails/(?P<pk>[0-9]{1,15})-(?P<mark>[0-9a-f]{12})\.jpg$",
        thumbnails.email_thumbnail,
        name="email_thumbnail",
    ),
    path("robots.txt", crawlers.robots, name="robots"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", metrics.metrics, name="metrics"),
]
