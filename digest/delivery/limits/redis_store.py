"""Buckets in Redis: one script, run there, so that any number of workers share them without waiting for each other."""

import logging
from collections.abc import Sequence

import redis

from digest import clock
from digest.delivery.limits.token_bucket import Bucket, BucketStore, TakeResult

logger = logging.getLogger(__name__)

PREFIX = "dailypapers:bucket:"
TIMEOUT = 5.0  # seconds
AWAY = 30.0  # seconds for which one that could not be reached is not asked: all mail would wait for each question
# KEYS: the buckets. ARGV: how many are wanted, then rate and capacity of each bucket. Returns how many were taken, the
# milliseconds until there is one, and the number of the bucket that is empty for longest.
SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local taken = tonumber(ARGV[1])
local levels, wait, empty, ahead = {}, 0, 0, false
for i, key in ipairs(KEYS) do
  local rate, capacity = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local kept = redis.call('HMGET', key, 'level', 'at')
  local level = capacity
  if kept[1] then
    level = math.min(capacity, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * rate)
    ahead = ahead or tonumber(kept[2]) > now  -- the clock was set back: it fills up from now on
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
    """Raises redis.RedisError where Redis can't be reached."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT)
        self._script = self._redis.register_script(SCRIPT)

    def take(self, buckets: Sequence[Bucket], wanted: int) -> TakeResult:
        figures = [figure for bucket in buckets for figure in (bucket.a_second, bucket.capacity)]
        keys = [PREFIX + bucket.name for bucket in buckets]
        tokens, milliseconds, number = self._script(keys=keys, args=[wanted, *figures])
        if tokens:
            return TakeResult(tokens)
        return TakeResult(0, milliseconds / 1000, buckets[number - 1].name if number else "")


class RedisWithFallback:
    """Redis, and while it can't be reached another store."""

    def __init__(self, url: str, other: BucketStore) -> None:
        self._redis, self._other = RedisStore(url), other
        self._away_until = 0.0

    def take(self, buckets: Sequence[Bucket], wanted: int) -> TakeResult:
        if clock.seconds() >= self._away_until:
            try:
                return self._redis.take(buckets, wanted)
            except redis.RedisError as error:
                self._away_until = clock.seconds() + AWAY
                logger.warning("Redis can't be asked for limits, the database is: %s", error)
        return self._other.take(buckets, wanted)
