-- The cached call as one writes it for nginx and Lua: parse the question, look into the shared dictionary, then into
-- Redis, then ask the instance and keep a good answer in both. It does not hold back those who ask for the same list
-- meanwhile, hears of no purge, and has one name for a room: what it leaves out only makes it faster.
local cjson = require "cjson.safe"
local redis = require "nginx.redis"

local fresh = 3600 -- seconds
local timeout = 1000 -- milliseconds
local members = ngx.shared.members

local say = function(body, from)
  ngx.header["Content-Type"] = "application/json;charset=UTF-8"
  ngx.header["Content-Length"] = #body
  ngx.header["X-Cache"] = from
  ngx.print(body)
end

local connect = function()
  local connection = redis:new()
  connection:set_timeout(timeout)
  if connection:connect(ngx.var.redis) then
    return connection
  end
end

local look_up = function(connection, key)
  local body = connection and connection:get(key)
  if body and body ~= ngx.null then
    return body
  end
end

local ask = function()
  local answer = ngx.location.capture("/instance", { method = ngx.HTTP_POST, always_forward_body = true })
  local read = answer.status == 200 and not answer.truncated and cjson.decode(answer.body)
  local good = read and tonumber(read.code) == 1000 and type(read.data) == "table"
  return answer, good
end

local respond = function(connection, key, memory)
  local body = look_up(connection, key)
  if body then
    if memory then
      members:set(key, body, fresh)
    end
    return say(body, "REDIS")
  end
  local answer, good = ask()
  if good then
    if connection then
      connection:set(key, answer.body, "EX", fresh)
    end
    if memory then
      members:set(key, answer.body, fresh)
    end
  end
  ngx.status = answer.status
  say(answer.body, "MISS")
end

local answer = function()
  local query = cjson.decode(ngx.var.request_body)
  if not query or type(query.wId) ~= "string" or type(query.wcId) ~= "string" then
    return ngx.exit(400)
  end
  local key = query.wId .. "|" .. query.wcId
  local memory = ngx.var.memory == "on"
  local body = memory and members:get(key)
  if body then
    return say(body, "MEMORY")
  end
  local connection = connect()
  respond(connection, key, memory)
  if connection then
    connection:set_keepalive(60000, 256)
  end
end

return { answer = answer }
