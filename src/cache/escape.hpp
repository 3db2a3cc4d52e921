#pragma once

#include <string>
#include <string_view>

namespace rollcall::cache {

/// Appends a part of an identity: all but A-Z a-z 0-9 - . _ ~ @ percent-escaped, in upper-case digits.
void append_escaped(std::string& to, std::string_view part);

/// Whether `text` is what append_escaped() makes of something: one spelling a part, so that comparing spellings is
/// comparing parts.
bool is_escaped(std::string_view text) noexcept;

} // namespace rollcall::cache
