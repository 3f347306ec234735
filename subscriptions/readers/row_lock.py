"""Changing a reader's row while others may change it, too."""

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
    """Read the reader anew before `change`, and let nobody else change the row meanwhile.

    Else a reader who saves settings while a complaint or a second click comes in would write back what they were.
    """

    @wraps(change)
    def wrapper(subscriber: Subscriber, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with transaction.atomic():
            subscriber.refresh_from_db(from_queryset=Subscriber.objects.select_for_update())
            return change(subscriber, *args, **kwargs)

    return wrapper
