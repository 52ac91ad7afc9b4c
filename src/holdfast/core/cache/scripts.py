"""What Redis does in one step, where nobody comes between.

A tag's *epoch* is a random value under the tag's key. To invalidate a tag is to delete its epoch; the next one who
needs it makes a new one, and none ever comes back. A value carries the epochs its tags had before it was loaded, and
counts only while every one is still there. So nothing that is lost (expired, evicted, flushed) can make an old value
good again: what is missing is never equal.

A *lease* is the right to store what is loaded: whoever has it holds its token and the epochs found when it was taken.
A value is stored only under the lease it was loaded under, while its epochs are those. Deleting or putting the value
takes the lease away, an invalidation makes it void, and it ends by itself.
"""

import hashlib
from typing import NamedTuple


class Script(NamedTuple):
    """A script and the name Redis knows it by."""

    text: bytes
    name: bytes

    @classmethod
    def of(cls, text: str) -> "Script":
        """The script with that text."""
        return cls(text.encode(), hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().encode())


_EPOCHS = """
local epochs = {}
for place = 3, #KEYS do
  local epoch = redis.call('GET', KEYS[place])
  if epoch then
    redis.call('PEXPIRE', KEYS[place], ARGV[4])
  else
    epoch = ARGV[3]
    redis.call('SET', KEYS[place], epoch, 'PX', ARGV[4])
  end
  epochs[place - 2] = epoch
end
local together = table.concat(epochs)
"""

TAKE = Script.of(
    """-- KEYS: lease, value, tags. ARGV: token of the lease, its ms, a new epoch, ms of epochs, seen.
"""
    + _EPOCHS
    + """
if ARGV[5] ~= '*' and redis.call('GETRANGE', KEYS[2], 2, 9) ~= ARGV[5] then
  return {}
end
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, #ARGV[1] + 1) == together and string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then
  return {}
end
redis.call('SET', KEYS[1], ARGV[1] .. together, 'PX', ARGV[2])
return epochs
"""
)
"""Take the lease, unless another holds one whose epochs are still good, or something else was stored since the caller
looked (`seen`: the version that lay there, which is in its bytes 2 to 9). Gives the epochs, or nothing."""

TAKE_OVER = Script.of(
    """-- KEYS: lease, value, tags. ARGV: token of the lease, its ms, a new epoch, ms of epochs, channel, message.
"""
    + _EPOCHS
    + """
redis.call('SET', KEYS[1], ARGV[1] .. together, 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
redis.call('PUBLISH', ARGV[5], ARGV[6])
return epochs
"""
)
"""Take the lease from whoever has it, and the value away: what is loaded meanwhile is older than what is to be put."""

STORE = Script.of(
    """-- KEYS: lease, value, tags. ARGV: lease, value, its ms, channel, message, epochs.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
for place = 3, #KEYS do
  if redis.call('GET', KEYS[place]) ~= ARGV[place + 3] then
    return 0
  end
end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
"""
)
"""Store under the lease, if it is still held and no tag was invalidated. The lease ends either way."""

FORGET = Script.of(
    """-- KEYS: epochs, values, leases. ARGV: channel, message.
for place = 1, #KEYS do
  redis.call('DEL', KEYS[place])
end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
"""
)

RENEW = Script.of(
    """-- KEYS: lease. ARGV: lease, ms.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
)

RELEASE = Script.of(
    """-- KEYS: lease. ARGV: lease.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('DEL', KEYS[1])
"""
)
