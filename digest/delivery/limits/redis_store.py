"""Token buckets in Redis. A script changes them there, so that workers share them without locks.

`subscriptions.security.abuse_limits` never uses Redis: its counts protect forms and must survive a restart. The levels
here may be lost: each bucket is full again, which allows at most one second's worth of emails too many.
"""

import logging
from collections.abc import Sequence

import redis

from digest import clock
from digest.delivery.limits.token_bucket import Bucket, BucketStore, TakeResult

logger = logging.getLogger(__name__)

PREFIX = "dailypapers:bucket:"
TIMEOUT = 5.0  # seconds
# Seconds without another try after Redis could not be reached: each try would hold up all emails.
RETRY_AFTER = 30.0
# KEYS: the buckets. ARGV: the number of tokens wanted, then rate and capacity of each bucket. Returns the number taken,
# the milliseconds until there is a token, and the number of the bucket that stays empty longest.
SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local taken = tonumber(ARGV[1])
local levels, wait, empty, ahead = {}, 0, 0, false
for i, key in ipairs(KEYS) do
  local rate, capacity = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local stored = redis.call('HMGET', key, 'level', 'at')
  local level = capacity
  if stored[1] then
    level = math.min(capacity, tonumber(stored[1]) + math.max(0, now - tonumber(stored[2])) * rate)
    ahead = ahead or tonumber(stored[2]) > now  -- the clock was set back: fill the bucket from now on
  end
  levels[i] = level
  taken = math.min(taken, math.floor(level))
  if level < 1 and (1 - level) / rate > wait then
    wait, empty = (1 - level) / rate, i
  end
end
if taken ~= 0 or ahead then
  for i, key in ipairs(KEYS) do
    local rate, capacity = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
    local level = math.min(capacity, levels[i] - taken)
    redis.call('HSET', key, 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
    redis.call('PEXPIRE', key, math.ceil(1000 * capacity / rate) + 1000)
  end
end
return {taken, math.ceil(wait * 1000), empty}
"""


class RedisStore:
    """A store that raises redis.RedisError if Redis can't be reached."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        self._script = self._redis.register_script(SCRIPT)

    def take(self, buckets: Sequence[Bucket], wanted: int) -> TakeResult:
        figures = [figure for bucket in buckets for figure in (bucket.per_second, bucket.capacity)]
        keys = [PREFIX + bucket.name for bucket in buckets]
        tokens, milliseconds, number = self._script(keys=keys, args=[wanted, *figures])
        if tokens:
            return TakeResult(tokens)
        return TakeResult(0, milliseconds / 1000, buckets[number - 1].name if number else "")


class RedisWithFallback:
    """A store in Redis that uses another store while Redis can't be reached."""

    def __init__(self, url: str, fallback: BucketStore) -> None:
        self._redis, self._fallback = RedisStore(url), fallback
        self._unavailable_until = 0.0

    def take(self, buckets: Sequence[Bucket], wanted: int) -> TakeResult:
        if clock.seconds() >= self._unavailable_until:
            try:
                return self._redis.take(buckets, wanted)
            except redis.RedisError as error:
                self._unavailable_until = clock.seconds() + RETRY_AFTER
                logger.warning("Redis can't be reached for rate limits, so the database is used: %s", error)
        return self._fallback.take(buckets, wanted)
