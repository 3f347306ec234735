"""The topics that readers can follow."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import Router

from digest.api import schemas
from digest.api.access import TokenAuth
from subscriptions.models import Topic

router = Router(tags=["Topics"])


@router.get("/topics", auth=TokenAuth(), response=schemas.Topics, operation_id="list_topics", summary="List topics")
def list_topics(request: HttpRequest) -> dict[str, Any]:
    """Return the topics that readers can follow, in the order of the form. Any token may read them."""
    return {"topics": [_topic(topic) for topic in Topic.objects.offered()]}


def _topic(topic: Topic) -> dict[str, Any]:
    names = ("slug", "name", "group", "description")
    page_url = settings.SITE_URL + reverse("digest:topic", args=[topic.slug])
    return {name: getattr(topic, name) for name in names} | {"includes": topic.narrower, "page": page_url}
