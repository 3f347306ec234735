"""The schedule of periodic tasks: when (UTC), which task, how many seconds it may wait, and what it does.

Databases store the names of tasks, so these stay. `digest.tasks` shows which module each calls.
"""

from typing import Any

from celery.schedules import crontab

_EVERY_MINUTE = crontab()
_EVERY_5_MINUTES = crontab(minute="*/5")
# A queue that was blocked then runs a few missed ticks and not all of them (see digest.ops.health.task_age).
_SOON = 900
_HOUR = 3600
_TABLE = (
    (crontab(minute="10,40"), "digest.tasks.collect_papers", 1700, "Fetch the day's papers."),
    (crontab(minute="25"), "digest.tasks.enrich_papers", _HOUR, "Fetch metadata of the day's papers from arXiv."),
    # After arXiv's nightly announcement, when the day before is complete.
    (crontab(hour="2", minute="40"), "digest.tasks.catch_up_missed_days", _HOUR, "Backfill days that feeds missed."),
    (_EVERY_5_MINUTES, "digest.tasks.publish_due_edition", _SOON, "Publish the edition that is due."),
    (crontab(minute="3-59/15"), "digest.tasks.bring_in_thumbnails", _SOON, "Fetch the thumbnails of papers."),
    (_EVERY_5_MINUTES, "digest.tasks.sort_by_topic", _SOON, "Assign papers to topics if topics or texts have changed."),
    (crontab(minute="4-59/5"), "digest.tasks.work_out_vectors", _SOON, "Compute the embeddings of new papers."),
    (crontab(minute="1-59/5"), "digest.tasks.summarize_papers", _SOON, "Ask for summaries, if SUMMARY_API_URL is set."),
    (
        crontab(minute="2-59/5"),
        "digest.tasks.assess_borderline_papers",
        _SOON,
        "Ask whether papers fit what readers follow, if JUDGE_API_URL is set.",
    ),
    (_EVERY_MINUTE, "digest.tasks.send_due_digests", _SOON, "Plan and send the digests that are due."),
    (_EVERY_MINUTE, "digest.tasks.run_jobs", _SOON, "Run the jobs that staff started in the admin."),
    (_EVERY_MINUTE, "digest.tasks.send_webhooks", _SOON, "Send messages to webhooks, if there are any."),
    (crontab(hour="3", minute="37"), "digest.tasks.keep_house", _HOUR, "Store yesterday's totals and delete old data."),
    (_EVERY_MINUTE, "digest.tasks.note_queues", _SOON, "Note that each queue runs its tasks."),
    (_EVERY_5_MINUTES, "digest.tasks.watch_rates", _SOON, "Check the rates of complaints and bounces."),
    # Once a day. The later hours are for days when no email could be sent at first.
    (
        crontab(hour="6-23", minute="30"),
        "digest.tasks.report_to_operators",
        _SOON,
        "Email the report to the operators.",
    ),
    (_EVERY_MINUTE, "subscriptions.tasks.send_owed_notices", _SOON, "Send the transactional emails that are due."),
    (crontab(hour="3", minute="17"), "subscriptions.tasks.delete_unconfirmed", _HOUR, "Delete unconfirmed sign-ups."),
    (
        crontab(hour="3", minute="27"),
        "subscriptions.tasks.forget_what_is_old",
        _HOUR,
        "Delete old limits and networks.",
    ),
    (
        crontab(hour="3", minute="47"),
        "subscriptions.tasks.erase_former_readers",
        _HOUR,
        "Erase readers who unsubscribed RETENTION_UNSUBSCRIBED_DAYS ago.",
    ),
)
_RESET = "Its schedule and options are reset each time beat starts; whether it is enabled is kept."


def _entry(when: crontab, task: str, seconds: int, about: str) -> dict[str, Any]:
    # Without “expires”, which would compare the clocks of two machines.
    return {"task": task, "schedule": when, "description": f"{about} {_RESET}"}


# Names must never change, because the database keeps a row for each.
BEAT: dict[str, dict[str, Any]] = {row[1]: _entry(*row) for row in _TABLE}

# How many seconds a task may wait in its queue: those above, and those that they start.
_STARTED = {
    "digest.tasks.collect_source": 1700,
    "digest.tasks.catch_up_source": _HOUR,
    "digest.tasks.send_shards": _SOON,
    "digest.tasks.run_jobs": _SOON,
}
MAX_AGES = {row[1]: row[2] for row in _TABLE} | _STARTED
