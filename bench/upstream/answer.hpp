#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace rollcall::standin {

/// A body that is made while it is sent: `bytes` of "0123456789abcdef" over and over, `chunk` at a time, with a pause
/// of `delay` before each chunk but the first.
struct slow_stream {
  std::uint64_t bytes = 0;
  std::size_t chunk = 0;
  std::chrono::microseconds delay{0};
};

/// How an answer is handed over: `proper`, or instead of it something that no client should be sent.
enum class manner : std::uint8_t { proper, hang, close, cut, noise };

/// What to send, and when.
struct answer {
  unsigned status = 200;
  std::string content_type = "application/json;charset=UTF-8"; ///< empty: no such field
  std::shared_ptr<const std::string> body;                     ///< never null unless `stream` is set
  std::chrono::microseconds delay{0};
  std::optional<slow_stream> stream;
  manner how = manner::proper;
};

inline answer json_answer(std::string body) {
  answer reply;
  reply.body = std::make_shared<const std::string>(std::move(body));
  return reply;
}

inline answer plain_answer(unsigned status, std::string content_type, std::string body) {
  auto reply = json_answer(std::move(body));
  reply.status = status;
  reply.content_type = std::move(content_type);
  return reply;
}

} // namespace rollcall::standin
