#pragma once

#include "rollcall/api/query.hpp"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::api {

/// What matters of a callback, which is how the platform tells a bot that something happened.
struct event {
  std::string w_id;                          ///< `data.wId`; empty when it is not there
  std::optional<std::string> room;           ///< `data.fromGroup`; never empty
  std::string type;                          ///< `messageType` as text, whether it travelled as a number or a string
  std::string message_id;                    ///< `data.newMsgId` likewise; empty when it is not there
  std::optional<std::uint64_t> member_count; ///< as `data.msgSource` tells it
};

/// What an event asks the cache to do.
enum class event_effect {
  none,
  drop_room,     ///< `room` as `w_id` sees it has changed
  drop_account,  ///< the account went offline: its wId will not come back
  compare_count, ///< the lists of `room` are out of date if they hold another number than `member_count`
};
std::string_view to_string(event_effect e);

/// Somebody joining a room (85008, 85009) drops it, and an account's end (4) drops the account; both need a wId, and
/// the first a room. Any other event that tells a room and its member count asks to compare.
event_effect effect_of(const event& e);

/// What callbacks that repeat one event have in common: wId, type and message id, joined so that no two events share
/// it. Empty when the event has no message id, which makes it one of a kind.
std::string repeat_key(const event& e);

/// Why a callback's body cannot be used; the first of these.
enum class event_error {
  not_json = 1, ///< not one whole valid JSON document in UTF-8
  not_an_object,
  missing_type, ///< `messageType` is not there, or neither an integer nor a non-empty string
};
/// A sentence for the envelope's message.
std::string_view to_string(event_error e);

/// Reads the bodies of callbacks. Keeps its buffers between calls, but not those of bodies above 1 MiB; one a thread.
class event_parser {
public:
  event_parser();
  ~event_parser();
  event_parser(const event_parser&) = delete;
  event_parser& operator=(const event_parser&) = delete;

  /// Only what is in `event` matters: any of it but the type may be missing or of another type, further fields are
  /// fine, and of a name that occurs twice the first one counts. Half surrogate pairs, as in a message that was cut
  /// within an emoji, count as U+FFFD. The caller bounds the size of `body`.
  std::expected<event, event_error> parse(padded_view body);

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace rollcall::api
