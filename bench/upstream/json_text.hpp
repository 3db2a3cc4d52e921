#pragma once

#include <string>
#include <string_view>

namespace rollcall::standin {

/// Appends `text` as a JSON string with its quotes. UTF-8 stays as it is; only quotes, backslashes and control
/// characters are escaped. A byte that is not part of valid UTF-8 becomes the code point of the same number, as
/// Latin-1 readers of HTTP headers take it, so the result is valid JSON whatever the input.
void append_json(std::string& out, std::string_view text);

/// The same as a value.
std::string json_string(std::string_view text);

} // namespace rollcall::standin
