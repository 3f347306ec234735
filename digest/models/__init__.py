"""The models: papers, where they were listed, the day's edition, and each reader's delivery and feedback."""

from digest.models.api_tokens import ApiToken
from digest.models.assessments import Assessment
from digest.models.deliveries import Delivery, DeliveryEvent, Shard
from digest.models.editions import Edition, QuietDay
from digest.models.health import Heartbeat, Incident
from digest.models.installations import Installation, SentBefore
from digest.models.jobs import Job
from digest.models.limits import Allowance
from digest.models.metrics import MetricCounter
from digest.models.opinions import LearnedLikes, Learnt, Opinion
from digest.models.outside import OutsidePaper
from digest.models.papers import Listing, Paper, PaperAlias, TopicPaper
from digest.models.pauses import Pause
from digest.models.saved import SavedPaper
from digest.models.sources import FetchRun, Source, Turn, Validator
from digest.models.staff import RecoveryCode, StaffRole
from digest.models.summaries import SummaryRequest
from digest.models.thumbnails import Thumbnail
from digest.models.topic_examples import TopicExample
from digest.models.totals import DailyTotal
from digest.models.vectors import ArchiveWords, TextExpansion, Vector
from digest.models.webhooks import WebhookEndpoint, WebhookMessage

__all__ = [
    "Allowance",
    "ApiToken",
    "ArchiveWords",
    "Assessment",
    "DailyTotal",
    "Delivery",
    "DeliveryEvent",
    "Edition",
    "FetchRun",
    "Heartbeat",
    "Incident",
    "Installation",
    "Job",
    "LearnedLikes",
    "Learnt",
    "Listing",
    "MetricCounter",
    "Opinion",
    "OutsidePaper",
    "Paper",
    "PaperAlias",
    "Pause",
    "QuietDay",
    "RecoveryCode",
    "SavedPaper",
    "SentBefore",
    "Shard",
    "Source",
    "StaffRole",
    "SummaryRequest",
    "TextExpansion",
    "Thumbnail",
    "TopicExample",
    "TopicPaper",
    "Turn",
    "Validator",
    "Vector",
    "WebhookEndpoint",
    "WebhookMessage",
]
