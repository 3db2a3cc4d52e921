#include "herding/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace rollcall::herding {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

bool starts_with_name(std::string_view line, std::string_view lower_case) {
  return line.size() >= lower_case.size() &&
         std::ranges::equal(line.substr(0, lower_case.size()), lower_case, {},
                            [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
}

std::size_t content_length(std::string_view head) {
  constexpr std::string_view name = "content-length:";
  for (auto at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1)) {
    const auto line = head.substr(at + 1);
    if (!starts_with_name(line, name)) {
      continue;
    }
    const auto value = line.substr(std::min(line.find_first_not_of(' ', name.size()), line.size()));
    std::size_t length = 0;
    std::from_chars(value.data(), value.data() + value.size(), length);
    return length;
  }
  return 0;
}

} // namespace

std::optional<message> first_message(std::string_view bytes) {
  const auto end = bytes.find(end_of_head);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const auto head = bytes.substr(0, end + end_of_head.size());
  const auto length = content_length(head);
  if (bytes.size() - head.size() < length) {
    return std::nullopt;
  }
  return message{head, bytes.substr(head.size(), length)};
}

std::string question(std::string_view room) {
  const auto body = fmt::format(R"({{"wId":"herd","wcId":"{}"}})", room);
  return fmt::format("POST /getChatRoomMember HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: herd\r\n"
                     "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                     body.size(), body);
}

std::string answer_with(std::string_view body) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: {}\r\n\r\n{}",
                     body.size(), body);
}

std::string_view no_answer() noexcept {
  return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
}

} // namespace rollcall::herding
