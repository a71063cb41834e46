-- Posts the file named by BODY, for wrk; with DISTINCT, no alert comes twice.
local file = assert(io.open(os.getenv("BODY"), "rb"))
local body = file:read("*a")
local distinct = os.getenv("DISTINCT") == "1"
local count = 0

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = body

if distinct then
  local run = tostring(os.time())
  function request()
    count = count + 1
    return wrk.format(nil, nil, nil, (body:gsub('"fingerprint": "', '"fingerprint": "' .. run .. "-" .. count .. "-")))
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format('{"rate": %f, "p99": %f, "errors": %d}',
    summary.requests / (summary.duration / 1e6), latency:percentile(99) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
