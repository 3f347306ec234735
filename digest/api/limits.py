"""Rate limits of the API: token buckets for each network, before a token is looked up, and for each token.

A request without a token, or with a text that can't be one, is refused at once and costs nothing.
"""

import math

from digest.api.problems import ProblemError
from digest.delivery.limits import rate_limiter
from digest.delivery.limits.token_bucket import Bucket
from digest.models import ApiToken
from subscriptions.email_addresses import keyed_hash

PER_NETWORK = 20.0  # requests a second, and at once
PER_TOKEN = 10.0


def acquire_for_network(network: str) -> None:
    """Count a request of a network that looks up a token. Raise ProblemError 429 if it makes too many."""
    _acquire(Bucket(f"api network {keyed_hash('digest.api.network', network)[:16]}", PER_NETWORK))


def acquire_for_token(token: ApiToken) -> None:
    """Count a request with a token. Raise ProblemError 429 if it makes too many."""
    _acquire(Bucket(f"api token {token.pk}", PER_TOKEN))


def _acquire(bucket: Bucket) -> None:
    taken = rate_limiter.store().take([bucket], 1)
    if not taken.tokens:
        wait = max(1, math.ceil(taken.seconds))
        raise ProblemError(
            429,
            f"Too many requests: at most {bucket.per_second:g} a second. Try again in {wait} s.",
            headers={"Retry-After": str(wait)},
        )
