"""A decorator that locks a reader's row while it is changed."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.db import transaction

from subscriptions.models import Subscriber

P = ParamSpec("P")
R = TypeVar("R")


def on_the_current_row(
    change: Callable[Concatenate[Subscriber, P], R],
) -> Callable[Concatenate[Subscriber, P], R]:
    """Read the reader's row again and lock it during `change`.

    Otherwise, saving the settings could overwrite a complaint or a second click that arrives at the same time.
    """

    @wraps(change)
    def wrapper(subscriber: Subscriber, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic():
            subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
            return change(subscriber, *args, **kwargs)

    return wrapper
