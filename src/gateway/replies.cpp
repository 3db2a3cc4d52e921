#include "rollcall/gateway/replies.hpp"

#include "rollcall/api/answer.hpp"

#include <fmt/format.h>

namespace rollcall::gateway {

std::string whole_body(std::string_view content_type, std::string_view body) {
  if (content_type.empty())
    return fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
  return fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n\r\n{}", content_type, body.size(), body);
}

std::string whole_body(std::string_view content_type, std::string_view content_encoding, std::string_view body) {
  const auto rest = whole_body(content_type, body);
  return content_encoding.empty() ? rest : fmt::format("Content-Encoding: {}\r\n{}", content_encoding, rest);
}

std::string envelope(std::string_view message) {
  return whole_body(json_type, api::failure_envelope(message));
}

} // namespace rollcall::gateway
