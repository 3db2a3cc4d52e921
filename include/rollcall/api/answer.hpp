#pragma once

#include "rollcall/api/query.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace rollcall::api {

/// What an upstream's answer to getChatRoomMember is.
enum class answer_kind {
  success,    ///< code 1000 (number or string) and `data` an array: may be stored
  failure,    ///< an envelope whose code is not 1000
  odd,        ///< code 1000, but `data` is not an array: relayed, never stored
  unreadable, ///< not one whole valid JSON object in UTF-8 with one code, an integer or a string, and at most one
              ///< `data`
};
std::string_view to_string(answer_kind k);

struct answer {
  answer_kind kind = answer_kind::unreadable;
  /// As text, whether it travelled as a number or a string; at most 32 bytes of it. Empty when unreadable.
  std::string code;
  /// `message`, or else `msg`, if it is a string; at most 200 bytes of it, ending at a whole character.
  std::string message;
  /// Length of `data` when it is an array; counted up to 16,777,215.
  std::size_t members = 0;
};

/// Validates whole responses. Keeps its buffers between calls, but not those of bodies above 1 MiB; one a thread.
class answer_parser {
public:
  answer_parser();
  ~answer_parser();
  answer_parser(const answer_parser&) = delete;
  answer_parser& operator=(const answer_parser&) = delete;

  /// `body` may be of any size; the padding behind it must be readable (see padded_view).
  answer classify(padded_view body);

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// The documented failure envelope: `{"message": "...", "code": "1001", "data": null}`, message escaped as JSON
/// requires (bytes that are not UTF-8 become U+FFFD).
std::string failure_envelope(std::string_view message);

} // namespace rollcall::api
