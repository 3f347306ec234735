"""When a new reader's digests begin, and how often they come, in the language that is active."""

from django.conf import settings
from django.utils import timezone

from digest.editions import due_times
from digest.email.formatting import _, long_date
from subscriptions.models import Subscriber

Frequency = Subscriber.Frequency


def what_comes(reader: Subscriber) -> str:
    match reader.frequency:
        case Frequency.WEEKLY:
            slot = due_times.Slot(reader.frequency, reader.time_zone, reader.send_hour)
            day = due_times.next_weekly(slot, timezone.now(), settings.PUBLISH_HOUR)
            return _("You get a digest once a week. The first is due on %(day)s.") % {"day": long_date(day)}
        case Frequency.WEEKDAYS:
            return _(
                "From the next edition on you get a digest, Monday to Friday. "
                "On days without papers there is no edition."
            )
    return _(
        "From the next edition on you get a digest. There is no edition on days without papers, such as most weekends."
    )
