#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// As little HTTP/1.1 as it takes to ask and to answer one question on a kept connection.
namespace rollcall::herding {

/// A message whose end is told by Content-Length; one without it has no body.
struct message {
  std::string_view head; ///< with the empty line
  std::string_view body;

  [[nodiscard]] std::size_t size() const noexcept { return head.size() + body.size(); }
};

/// The first whole message in `bytes`, as views of them; nothing while some of it has yet to come.
std::optional<message> first_message(std::string_view bytes);

/// POST /getChatRoomMember for that room.
std::string question(std::string_view room);

/// HTTP status 200 around a body.
std::string answer_with(std::string_view body);

/// HTTP status 404 and no body.
std::string_view no_answer() noexcept;

} // namespace rollcall::herding
