"""What the clock asks for: when (UTC), which task, for how many seconds that is worth doing, and what it is about."""

from typing import Any

from celery.schedules import crontab

_EVERY_MINUTE = crontab()
_EVERY_5_MINUTES = crontab(minute="*/5")
# A queue that stood still replays a few ticks and not all of them, and two machines' clocks may be so far apart.
_SOON = 900
_HOUR = 3600
_TABLE = (
    (crontab(minute="10,40"), "digest.tasks.collect_papers", 1700, "Fetch the day's papers."),
    (crontab(minute="25"), "digest.tasks.enrich_papers", _HOUR, "Ask arXiv for more about the day's papers."),
    # Once arXiv has made the night's announcement, and the day before is whole.
    (crontab(hour="2", minute="40"), "digest.tasks.catch_up_missed_days", _HOUR, "Catch up with days feeds missed."),
    (_EVERY_5_MINUTES, "digest.tasks.publish_due_edition", _SOON, "Publish the edition whose hour has come."),
    (crontab(minute="3-59/15"), "digest.tasks.bring_in_thumbnails", _SOON, "Bring in the pictures of papers."),
    (_EVERY_5_MINUTES, "digest.tasks.sort_by_topic", _SOON, "Sort papers by topic where topics or texts have changed."),
    (crontab(minute="4-59/5"), "digest.tasks.work_out_vectors", _SOON, "Work out what new papers mean."),
    (_EVERY_MINUTE, "digest.tasks.send_due_digests", _SOON, "Plan and send the digests that are due."),
    (crontab(hour="3", minute="37"), "digest.tasks.keep_house", _HOUR, "Count the day that is over, and tidy up."),
    (_EVERY_5_MINUTES, "digest.tasks.watch_rates", _SOON, "Look at complaints and bounces."),
    # Once a day, and later where no mail could leave.
    (crontab(hour="6-23", minute="30"), "digest.tasks.report_to_operators", _SOON, "Report to the operators."),
    (_EVERY_MINUTE, "subscriptions.tasks.send_owed_notices", _SOON, "Send the small mails that readers are owed."),
    (crontab(hour="3", minute="17"), "subscriptions.tasks.delete_unconfirmed", _HOUR, "Delete unconfirmed sign-ups."),
    (crontab(hour="3", minute="27"), "subscriptions.tasks.forget_what_is_old", _HOUR, "Forget old marks and networks."),
)
_LASTS = "Its hours and options are set anew whenever beat starts; whether it is enabled is not."


def _entry(when: crontab, task: str, seconds: int, about: str) -> dict[str, Any]:
    return {
        "task": task,
        "schedule": when,
        "options": {"expire_seconds": seconds},  # the scheduler in the database knows no “expires”
        "description": f"{about} {_LASTS}",
    }


# By names that never change, whatever is said of them: the admin keeps a row for each.
BEAT: dict[str, dict[str, Any]] = {row[1]: _entry(*row) for row in _TABLE}
