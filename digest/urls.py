import datetime as dt

from django.urls import path, register_converter

from digest import views
from digest.views import previews


class DayConverter:
    """A day as 2026-08-20; what is no day of the calendar is no address."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> dt.date:
        return dt.date.fromisoformat(value)

    def to_url(self, value: dt.date) -> str:
        return str(value)


register_converter(DayConverter, "day")

app_name = "digest"
urlpatterns = [
    path("", views.latest_edition, name="latest"),
    path("<day:day>/", views.edition, name="edition"),
    path("papers/<path:key>/", views.paper, name="paper"),
    path("subscribe/preview/", previews.preview, name="preview"),
    path("healthz", views.healthz, name="healthz"),
]
