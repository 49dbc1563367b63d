// Lua for EVAL: each script runs alone in Redis, so that no other node's command comes in between. A session is text of the
// form `expires:subject:data`; a sorted set per subject has the ids of its sessions by their ends. Expiry is relative
// (PX), because the clock of Redis need not agree with ours. What keys begin with comes among KEYS, where a client that
// puts a prefix of its own before all keys (keyPrefix of ioredis) sees it.

const addToIndex = `
local function add(index, id, expires, live)
  redis.call("ZADD", index, expires, id)
  if redis.call("PTTL", index) < tonumber(live) then redis.call("PEXPIRE", index, live) end
end`;

/** KEYS: session, index. ARGV: text, id, expires, milliseconds to live, an end that is long past. */
export const createScript = `${addToIndex}
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[4])
if KEYS[2] then
  redis.call("ZREMRANGEBYSCORE", KEYS[2], "-inf", ARGV[5])
  add(KEYS[2], ARGV[2], ARGV[3], ARGV[4])
end
return 1`;

/** KEYS: session, start of indexes. ARGV: id, expires, milliseconds to live. Answers 0 when the session is gone. */
export const extendScript = `${addToIndex}
local text = redis.call("GET", KEYS[1])
if not text then return 0 end
local expires, subject, data = string.match(text, "^(%d+):([^:]*):(.*)$")
if tonumber(expires) >= tonumber(ARGV[2]) then return 1 end
redis.call("SET", KEYS[1], ARGV[2] .. ":" .. subject .. ":" .. data, "PX", ARGV[3])
if subject ~= "" then add(KEYS[2] .. subject, ARGV[1], ARGV[2], ARGV[3]) end
return 1`;

/** KEYS: session, start of indexes. ARGV: id. */
export const deleteScript = `
local subject = string.match(redis.call("GET", KEYS[1]) or "", "^%d+:([^:]+):")
if subject then redis.call("ZREM", KEYS[2] .. subject, ARGV[1]) end
return redis.call("DEL", KEYS[1])`;

/** KEYS: index. The milliseconds of the clock of the node that has it, which in a cluster is one of several. */
export const timeScript = `
local time = redis.call("TIME")
return time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * KEYS: index, start of sessions. ARGV: milliseconds of Redis's clock after which nothing is done and -1 is the answer: a
 * client that sends what it has queued when it finds Redis again must not delete sessions that have begun since.
 */
export const deleteAllScript = `
local time = redis.call("TIME")
if time[1] * 1000 + time[2] / 1000 > tonumber(ARGV[1]) then return -1 end
for _, id in ipairs(redis.call("ZRANGE", KEYS[1], 0, -1)) do redis.call("DEL", KEYS[2] .. id) end
redis.call("DEL", KEYS[1])
return 1`;
