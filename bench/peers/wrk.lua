-- What bench/compare has wrk do: ask the same again and again, or for another room each time; and tell how it went.
-- Arguments: PATH BODY ACCEPT_ENCODING. An @N@ in the body stands for the number of the request.
local body, path
local count = 0

function init(arguments)
  path, body = arguments[1], arguments[2]
  wrk.method = "POST"
  wrk.path = path
  wrk.body = body
  wrk.headers["Content-Type"] = "application/json"
  if arguments[3] ~= "" then
    wrk.headers["Accept-Encoding"] = arguments[3]
  end
  if body:find("@N@", 1, true) then
    local before, after = body:match("^(.*)@N@(.*)$")
    request = function()
      count = count + 1
      return wrk.format(nil, nil, nil, before .. count .. after)
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "errors": %d, "p50": %.1f, "p99": %.1f, "p999": %.1f}\n', summary.requests,
    summary.duration / 1e6, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
