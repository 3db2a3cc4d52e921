#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace rollcall::api {

/// Readable bytes that the caller guarantees behind every text it hands to this room: simdjson reads past the end.
inline constexpr std::size_t padding = 64;

/// A text with `padding` readable bytes behind it. What they hold does not matter.
struct padded_view {
  const char* data = nullptr;
  std::size_t size = 0;
};

/// The JSON name under which the room travelled: `wcId` in the first generation, `chatRoomId` later.
enum class room_field { wcId, chatRoomId };
std::string_view to_string(room_field f);

/// The one request that is cached. Views into the parser, valid until its next parse.
struct query {
  std::string_view w_id;
  room_field field = room_field::wcId;
  std::string_view room;
};

/// The body is sound, but holds more than a cached answer may depend on: hand it to the upstream as it is.
struct pass_through {};

/// The rule that the body breaks; the first of these when it breaks several. Not JSON to us are also lone surrogates,
/// numbers beyond 64-bit integers and finite doubles, and nesting beyond 1,024 levels.
enum class query_error {
  not_json = 1, ///< not one whole valid JSON document in UTF-8
  not_an_object,
  duplicate_name, ///< wId, wcId or chatRoomId occurs twice
  missing_w_id,
  missing_room, ///< neither wcId nor chatRoomId
  not_a_string, ///< wId or the room is not a string
  empty_string, ///< wId or the room is ""
};
/// A sentence for the envelope's message.
std::string_view to_string(query_error e);

using parsed_query = std::variant<query, pass_through, query_error>;

/// Reads request bodies. Keeps its buffers between calls; one a thread. A query of up to 4 KiB allocates nothing and
/// takes well under a microsecond; anything else is read again, with a parser that validates every byte.
class query_parser {
public:
  query_parser();
  ~query_parser();
  query_parser(const query_parser&) = delete;
  query_parser& operator=(const query_parser&) = delete;

  /// A query is an object of exactly `wId` and one of `wcId` and `chatRoomId`, both non-empty strings; names are
  /// compared after unescaping. A further field, or both room names, makes it a pass_through, but only when the whole
  /// document is valid and no rule is broken: a broken rule always wins.
  parsed_query parse(padded_view body);

private:
  struct state;
  std::unique_ptr<state> state_;
};

/// The body that the upstream is asked with: `{"wId":"...","wcId":"..."}`, compact, escaped as JSON requires. However a
/// query was spelt, its canonical body is the same, and it parses back to the query.
std::string canonical_body(const query& q);

} // namespace rollcall::api
