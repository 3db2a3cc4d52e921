#include "scripts.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

namespace rollcall::redis {
namespace {

std::string sha1_of(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::array<unsigned char, SHA_DIGEST_LENGTH> hash;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  std::string hex;
  for (const auto byte : hash) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

// What is no text under our keys is somebody else's, and as good as nothing: SET replaces it.
constexpr std::string_view text_at = R"lua(
local function text_at(key)
  local found = redis.pcall('GET', key)
  if type(found) ~= 'table' then
    return found
  elseif string.find(found.err, 'WRONGTYPE', 1, true) then
    return false
  end
  return false, found
end
)lua";

// The errors of SET are caught, so that a Redis that is full or a replica still gives away what it has. A lease without
// an end, or with a later one than ours have, is not one of ours, and would keep everybody waiting.
constexpr std::string_view claim = R"lua(
local function time_at(value, offset)
  local low, high = struct.unpack('<I4i4', value, offset + 1)
  return high * 4294967296 + low
end
local function is_good(value)
  if #value < 32 or string.sub(value, 1, #ARGV[3]) ~= ARGV[3] then
    return false
  end
  local version = string.sub(value, 9, 16)
  local fetched, fresh_until = time_at(value, 16), time_at(value, 24)
  local at = math.max(tonumber(ARGV[4]), fetched)
  return at < fresh_until and at < fetched + tonumber(ARGV[5]) and fetched >= tonumber(ARGV[6]) and
      fetched <= tonumber(ARGV[7]) and version ~= ARGV[8] and version ~= ARGV[9]
end
local value, trouble = text_at(KEYS[1])
if trouble then
  return trouble
end
if value and is_good(value) then
  return {value, 'good'}
end
local taken = redis.pcall('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2])
if not taken then
  local left = redis.call('PTTL', KEYS[2])
  if left < 0 or left > tonumber(ARGV[2]) then
    redis.pcall('PEXPIRE', KEYS[2], ARGV[2])
    left = tonumber(ARGV[2])
  end
  return {value, 'held', left, text_at(KEYS[2]) or ''}
elseif taken.err then
  return {value, 'refused', taken.err}
end
return {value, 'leased'}
)lua";

// Most often it is the same, and then Redis looks at eight bytes.
constexpr std::string_view verify = R"lua(
if redis.pcall('GETRANGE', KEYS[1], 8, 15) == ARGV[1] then
  return 1
end
local value, trouble = text_at(KEYS[1])
return trouble or value
)lua";

constexpr std::string_view renew = R"lua(
local held, trouble = text_at(KEYS[1])
if held ~= ARGV[1] then
  return trouble or 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
)lua";

constexpr std::string_view release = R"lua(
local held, trouble = text_at(KEYS[1])
if held ~= ARGV[1] then
  return trouble or 0
end
return redis.call('DEL', KEYS[1])
)lua";

// In this order: after a DEL, a Redis that is full would take the SET all the same.
constexpr std::string_view put = R"lua(
local held, trouble = text_at(KEYS[2])
if held ~= ARGV[1] then
  return trouble or 0
end
local stored = redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.pcall('DEL', KEYS[2])
if stored.err then
  return stored
end
return 1
)lua";

// The other way round: a purge has to succeed when Redis is full, and it makes room.
constexpr std::string_view purge = R"lua(
redis.call('DEL', KEYS[2])
local beginning = redis.pcall('GETRANGE', KEYS[1], 0, #ARGV[3] - 1)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if type(beginning) ~= 'string' or beginning == '' or beginning == ARGV[3] then
  return 0
end
return 1
)lua";

constexpr std::string_view enlist = R"lua(
local known = redis.pcall('ZSCORE', KEYS[1], ARGV[1])
if type(known) == 'table' then
  if not string.find(known.err, 'WRONGTYPE', 1, true) then
    return known
  end
  redis.call('DEL', KEYS[1])
  known = false
end
if not known or tonumber(known) < tonumber(ARGV[2]) then
  redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
return 1
)lua";

// Tracking tells of both writes in one message, and nothing stays whose expiry it would tell of once more. The first
// DEL is for a Redis that is full, as in a purge.
constexpr std::string_view signal = R"lua(
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], '', 'PX', 1000)
redis.call('DEL', KEYS[1])
return 1
)lua";

std::string with_text_at(std::string_view text) {
  return std::string(text_at).append(text);
}

} // namespace

script::script(std::size_t keys, std::string text)
    : keys_(std::to_string(keys)), text_(std::move(text)), sha1_(sha1_of(text_)) {}

const script& claim_script() {
  static const script s(2, with_text_at(claim));
  return s;
}

const script& verify_script() {
  static const script s(1, with_text_at(verify));
  return s;
}

const script& renew_script() {
  static const script s(1, with_text_at(renew));
  return s;
}

const script& release_script() {
  static const script s(1, with_text_at(release));
  return s;
}

const script& put_script() {
  static const script s(2, with_text_at(put));
  return s;
}

const script& purge_script() {
  static const script s(2, std::string(purge));
  return s;
}

const script& enlist_script() {
  static const script s(1, std::string(enlist));
  return s;
}

const script& signal_script() {
  static const script s(1, std::string(signal));
  return s;
}

std::string_view kind_of(std::string_view error) {
  const auto is_upper = [](char c) { return 'A' <= c && c <= 'Z'; };
  const auto first = error.substr(0, error.find(' '));
  if (first != "ERR" && !first.starts_with('@')) {
    return first;
  }
  // `ERR Error running script (call to f_...): @user_script:3: -OOM command not allowed ...`
  const auto packed = error.find(": -");
  if (packed == std::string_view::npos) {
    return first;
  }
  const auto inner = error.substr(packed + 3);
  const auto word =
      inner.substr(0, static_cast<std::size_t>(std::ranges::find_if_not(inner, is_upper) - inner.begin()));
  return word.empty() ? first : word;
}

bool are_apart(const reply& r) {
  return r.is(reply::kind::error) && kind_of(r.text()) == "TRYAGAIN";
}

} // namespace rollcall::redis
