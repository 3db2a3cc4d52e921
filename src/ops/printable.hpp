#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rollcall::ops {

/// `text` fit for a message whatever it holds: on one line, without control characters, cut when it is long.
std::string printable(std::string_view text, std::size_t longest = 60);

/// The same in quotes, for values.
std::string in_quotes(std::string_view text);

} // namespace rollcall::ops
