-- Counts what each answer said, by tenths of a second; writes it as one line of JSON.
local ffi = require("ffi")
ffi.cdef("typedef struct { long s; long us; } moment; int gettimeofday(moment *now, void *zone);")
local moment = ffi.new("moment")
local threads = {}

local function now()
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.s) * 1e6 + tonumber(moment.us)
end

function setup(thread)
  thread:set("id", #threads + 1)
  table.insert(threads, thread)
end

function init(args)
  seen, bad, buckets, count, counted = {}, 0, {}, 0, args[2] .. id
  if args[1] == "close" then
    wrk.headers["Connection"] = "close"
  end
end

function response(status, headers, body)
  count = count + 1
  if count % 200 == 0 then
    local file = io.open(counted, "w")
    file:write(count)
    file:close()
  end
  if status ~= 200 then
    bad = bad + 1
    return
  end
  seen[body] = (seen[body] or 0) + 1
  local bucket = body .. "@" .. string.format("%.0f", math.floor(now() / 100000))
  buckets[bucket] = (buckets[bucket] or 0) + 1
end

local function words(thread, name)
  local parts = {}
  for key, value in pairs(thread:get(name)) do
    table.insert(parts, string.format("%q:%.0f", key, value))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function done(summary, latency, requests)
  local each = {}
  for _, thread in ipairs(threads) do
    table.insert(each, string.format('{"seen":%s,"buckets":%s,"bad":%d}',
      words(thread, "seen"), words(thread, "buckets"), thread:get("bad")))
  end
  local e = summary.errors
  io.write(string.format('RESULT {"requests":%d,"seconds":%.3f,"connect":%d,"read":%d,"write":%d,"timeout":%d,"status":%d,'
    .. '"p50":%.0f,"p99":%.0f,"max":%.0f,"threads":[%s]}\n',
    summary.requests, summary.duration / 1e6, e.connect, e.read, e.write, e.timeout, e.status,
    latency:percentile(50), latency:percentile(99), latency.max, table.concat(each, ",")))
end
