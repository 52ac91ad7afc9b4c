"""What Redis does in one step with the counters of limits, where nobody comes between.

Three keys to a counter: its sums (a hash: `server` and `epoch` under which it was built, `used`, `held`, and of a
rolling window what was used in each slot, `s…`), its holds (a hash: units by id), and when they expire (a sorted set).
A counter counts only for the start of Redis and the epoch it was built under; any other is as good as none.
"""

from holdfast.core.cache.scripts import Script

_KEPT = "3456000"
"""Seconds: a counter that nobody asks for so long is dropped, and built anew when somebody does."""

_USED = """
local function used_of(key, gone, before)
  if gone == '' then return tonumber(redis.call('HGET', key, 'used')) end
  local all, sum = redis.call('HGETALL', key), 0
  for n = 1, #all, 2 do
    if string.sub(all[n], 1, 1) == 's' and all[n] ~= 'server' then
      local slot = tonumber(string.sub(all[n], 2))
      if slot > tonumber(gone) then
        sum = sum + tonumber(all[n + 1])
      elseif slot <= tonumber(before) then
        redis.call('HDEL', key, all[n])
      end
    end
  end
  return sum
end
"""

TAKE = Script.of(
    """-- KEYS: three for each counter. ARGV: hold, now, expires, force; for each counter: server, epoch, amount, units,
-- gone, before (of a rolling window: the last slot that has left it, and the last that can be dropped).
"""
    + _USED
    + """
local hold, force, count = ARGV[1], ARGV[4] == '1', #KEYS / 3
local function given(n, what) return ARGV[4 + (n - 1) * 6 + what] end
local built, before, found = {}, {}, {}
for n = 1, count do
  local key = KEYS[3 * n - 2]
  local under = redis.call('HMGET', key, 'server', 'epoch')
  built[n] = under[1] == given(n, 1) and under[2] == given(n, 2)
  if not built[n] and not force then return {'unbuilt', n} end
  before[n] = built[n] and tonumber(redis.call('HGET', KEYS[3 * n - 1], hold) or '0') or 0
end
for n = 1, count do
  if built[n] then
    local used = used_of(KEYS[3 * n - 2], given(n, 5), given(n, 6))
    local held = tonumber(redis.call('HGET', KEYS[3 * n - 2], 'held'))
    if not force and used + held - before[n] + tonumber(given(n, 4)) > tonumber(given(n, 3)) then
      local expired = redis.call('ZCOUNT', KEYS[3 * n], '-inf', ARGV[2])
      local slots = given(n, 5) ~= '' and redis.call('HGETALL', KEYS[3 * n - 2]) or {}
      local first = redis.call('ZRANGE', KEYS[3 * n], 0, 0, 'WITHSCORES')
      return {'full', n, string.format('%.0f', used), string.format('%.0f', held - before[n]), expired, first, slots}
    end
    found[n] = {used, held - before[n]}
  end
end
local answer = {'taken'}
for n = 1, count do
  if built[n] then
    local counter, holds, expiries, units = KEYS[3 * n - 2], KEYS[3 * n - 1], KEYS[3 * n], given(n, 4)
    if tonumber(units) > before[n] then
      if before[n] > 0 then redis.call('HINCRBY', counter, 'held', '-' .. redis.call('HGET', holds, hold)) end
      redis.call('HSET', holds, hold, units)
      redis.call('HINCRBY', counter, 'held', units)
      redis.call('ZADD', expiries, ARGV[3], hold)
    end
    for key = 3 * n - 2, 3 * n do redis.call('EXPIRE', KEYS[key], """
    + _KEPT
    + """) end
    answer[n + 1] = {string.format('%.0f', found[n][1]), string.format('%.0f', found[n][2])}
  else
    answer[n + 1] = {}
  end
end
return answer
"""
)
"""Hold units of every counter, or of none: `taken` with what was used and held of each before, `unbuilt` with the first
that does not count, or `full` with the first that has not so much left and how many of its holds have expired. With
`force` nothing is refused: what was used is used; counters that do not count are left, and answered with nothing.
Repeating it with the same hold takes nothing twice."""

FINISH = Script.of(
    """-- KEYS: three for each counter. ARGV: hold; for each counter: how many fields, then each with its units.
local at, done = 2, 0
for n = 1, #KEYS / 3 do
  local counter, holds, expiries = KEYS[3 * n - 2], KEYS[3 * n - 1], KEYS[3 * n]
  local held = redis.call('HGET', holds, ARGV[1])
  if held then
    redis.call('HDEL', holds, ARGV[1])
    redis.call('ZREM', expiries, ARGV[1])
    redis.call('HINCRBY', counter, 'held', '-' .. held)
    done = done + 1
  end
  local fields = tonumber(ARGV[at])
  for field = 1, fields do
    if held then redis.call('HINCRBY', counter, ARGV[at + 2 * field - 1], ARGV[at + 2 * field]) end
  end
  at = at + 1 + 2 * fields
end
return done
"""
)
"""End a hold once: what it held comes back, what was used of it is counted. A hold that is not there (the counter was
built since, from a ledger that has it) changes nothing."""

BUILD = Script.of(
    """-- KEYS: counter, holds, expiries. ARGV: server, epoch, used, number of slots, each with its units, then holds,
-- each with its units and expiry.
local under = redis.call('HMGET', KEYS[1], 'server', 'epoch')
if under[1] == ARGV[1] and tonumber(under[2]) >= tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('HSET', KEYS[1], 'server', ARGV[1], 'epoch', ARGV[2], 'used', ARGV[3], 'held', '0')
local slots = tonumber(ARGV[4])
for n = 1, slots do redis.call('HSET', KEYS[1], ARGV[3 + 2 * n], ARGV[4 + 2 * n]) end
for at = 5 + 2 * slots, #ARGV, 3 do
  redis.call('HSET', KEYS[2], ARGV[at], ARGV[at + 1])
  redis.call('HINCRBY', KEYS[1], 'held', ARGV[at + 1])
  redis.call('ZADD', KEYS[3], ARGV[at + 2], ARGV[at])
end
for n = 1, 3 do redis.call('EXPIRE', KEYS[n], """
    + _KEPT
    + """) end
return 1
"""
)
"""Set a counter to what the ledger says, unless a later count is there already."""

STANDING = Script.of(
    """-- KEYS: three of one counter. ARGV: server, epoch, now, gone, before.
"""
    + _USED
    + """
local under = redis.call('HMGET', KEYS[1], 'server', 'epoch')
if under[1] ~= ARGV[1] or under[2] ~= ARGV[2] then return {} end
local used, held = used_of(KEYS[1], ARGV[4], ARGV[5]), redis.call('HGET', KEYS[1], 'held')
return {string.format('%.0f', used), held, redis.call('ZCOUNT', KEYS[3], '-inf', ARGV[3])}
"""
)
"""What a counter says: used, held, and how many of its holds have expired; nothing where it does not count."""
