#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rollcall::api {

/// Appends `text` as a JSON string, quotes included. Quotes, backslashes and control bytes are escaped; the rest stays
/// raw. Each maximal broken part of a UTF-8 sequence becomes one U+FFFD, so the result is always valid.
void append_json_string(std::string& out, std::string_view text);

/// The longest prefix of at most `limit` bytes that splits no UTF-8 sequence of a valid text.
std::string_view cut(std::string_view text, std::size_t limit);

/// Whether two texts differ in the case of ASCII letters at most.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Puts U+FFFD in the place of every escape in `json` that is half of a surrogate pair without the other half, keeping
/// the length; false when there is none. RFC 8259 section 8.2 allows such escapes, and clients write them when they cut
/// an emoji in two, but simdjson refuses them.
bool mend_lone_surrogates(std::string& json);

} // namespace rollcall::api
