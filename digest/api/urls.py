"""The URLs of the operations with a token, below /api/. Only `digest.views.api` uses them: see `digest.api`."""

from digest.api.service import api

app_name = "digest_api"
urlpatterns = api.urls[0]
