"""The log as JSON, one object on each line: LOG_FORMAT=json. Only then is the library imported."""

import logging
from typing import Any

from celery._state import get_current_task
from pythonjsonlogger.json import JsonFormatter as Base

from config import logs


class JsonFormatter(Base):
    """A formatter of time, level, logger, message, process, the task that runs, and the ids that a record carries.

    Secrets are masked in every field, also in tracebacks.
    """

    def __init__(self) -> None:
        super().__init__(json_ensure_ascii=False)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data |= {
            "time": logs.utc(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.message,
            "process": record.process,
        }
        task = get_current_task()
        if task is not None:
            log_data |= {"task": task.name, "task_id": task.request.id}
        super().add_fields(log_data, record, message_dict)

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        # Django's records carry the request, and those of gunicorn and Celery objects of their own.
        return {name: _masked(value) for name, value in log_data.items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool | list | tuple | dict)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return logs.masked(value)
    if isinstance(value, dict):
        return {_masked(name): _masked(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value if _is_plain(value) else logs.masked(repr(value))
