"""Papers that are, or are not, on a topic that an admin made."""

from django.db import models

from digest.models.papers import Paper
from subscriptions.models import Topic


class TopicExample(models.Model):
    """A paper that an admin gave as an example of a topic, or judged to be on it or not."""

    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, related_name="examples")
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="topic_examples")
    is_right = models.BooleanField("is on the topic")
    was_found = models.BooleanField(default=False, help_text="Whether the topic found the paper at that time.")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["topic", "paper"], name="one_example_per_topic_and_paper")]

    def __str__(self) -> str:
        return f"{self.paper} is {'' if self.is_right else 'not '}on {self.topic}"
