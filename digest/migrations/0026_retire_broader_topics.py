"""Replace 52 broader topics, which readers could not tell apart, by the topics that they include.

Readers keep what they get: their filters, feedback and learned preferences move to the included topics. A topic that
an admin made or edited stays as it is; only its group gets the new name.
"""

import hashlib
import json
from typing import Any

from django.db import migrations

RETIRED = (
    "pre-training-and-scaling", "scaling-and-optimizers", "foundation-models", "new-architectures",
    "languages-and-translation", "knowledge-in-models", "personalization", "test-time-compute",
    "test-time-scaling-and-training", "post-training", "rewards", "lifelong-learning", "adaptation",
    "all-reinforcement-learning", "training-agents", "building-agents", "evaluating-agents", "computer-work",
    "code", "safety-and-security", "safety-and-privacy", "privacy-and-provenance", "misinformation",
    "personalization-and-recommendation", "evaluation", "documents-and-data", "efficient-inference",
    "model-compression", "small-models", "training-at-scale", "image-generation", "generative-methods",
    "editing", "worlds", "three-and-four-d", "computer-vision", "humans", "design", "video-and-streams",
    "speech", "speech-and-audio", "robot-foundations", "robot-hands-and-legs", "navigation-and-drones",
    "moving-robots", "space-and-navigation", "statistics-and-theory", "life-sciences", "mind-and-brain",
    "physical-sciences", "earth-and-climate", "people-and-society",
)
GROUPS = {
    "Reasoning and learning": "Reasoning and reinforcement learning",
    "Images, video and 3D": "Image and video generation",
    "Robots and embodied AI": "Robotics",
    "Theory and methods": "Machine learning",
    "Science and society": "Science and medicine",
}
FIELDS = ("name", "group", "description", "phrases", "exclusions", "position")
BATCH = 1_000


def retire(apps: Any, _editor: Any) -> None:
    topics = {topic.slug: topic for topic in apps.get_model("subscriptions", "Topic").objects.all()}
    for topic in topics.values():
        included = [topics[slug] for slug in topic.narrower if slug in topics]
        if not _is_as_loaded(topic):
            topic.group = GROUPS.get(topic.group, topic.group)
            topic.save()
        elif topic.slug in RETIRED and included:
            _move_followers(apps, topic, included)
            _move_feedback(apps, topic.slug, [other.slug for other in included])
            topic.is_offered = False
            topic.save()


def _is_as_loaded(topic: Any) -> bool:
    values = {name: getattr(topic, name) for name in FIELDS}
    values |= {"narrower": sorted(topic.narrower)} if topic.narrower else {}
    return bool(topic.loaded_hash == hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest())


def _move_followers(apps: Any, topic: Any, included: list[Any]) -> None:
    filters = apps.get_model("subscriptions", "TopicFilter").objects
    followers = list(filters.filter(topic=topic).order_by("pk").values_list("subscriber_id", flat=True))
    for start in range(0, len(followers), BATCH):
        readers = followers[start : start + BATCH]
        filters.bulk_create(
            [filters.model(subscriber_id=reader, topic=other) for reader in readers for other in included],
            ignore_conflicts=True,
        )
        filters.filter(topic=topic, subscriber__in=readers).delete()


def _move_feedback(apps: Any, slug: str, included: list[str]) -> None:
    learned, opinions = (apps.get_model("digest", name).objects for name in ("Learnt", "Opinion"))
    lessons = list(learned.filter(filter_key=slug))
    readers = {lesson.subscriber_id for lesson in lessons}
    learned.bulk_create(_copies(lessons, included), ignore_conflicts=True)
    for opinion in opinions.filter(subscriber__in=readers):
        if slug in opinion.came_by:
            opinion.came_by = list(dict.fromkeys([*(key for key in opinion.came_by if key != slug), *included]))
            opinion.save()
    fewer = opinions.filter(filter_key=slug)
    opinions.bulk_create(_copies(fewer, included), ignore_conflicts=True)
    fewer.delete()
    learned.filter(filter_key=slug).delete()


def _copies(rows: Any, keys: list[str]) -> list[Any]:
    """Return unsaved copies of `rows`, one for each key."""
    names = [field.attname for field in rows[0]._meta.concrete_fields if not field.primary_key] if rows else []
    return [
        type(row)(**{name: getattr(row, name) for name in names} | {"filter_key": key}) for row in rows for key in keys
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("digest", "0025_names_of_rows"),
        ("subscriptions", "0015_plain_choices"),
    ]

    operations = [migrations.RunPython(retire, migrations.RunPython.noop)]
