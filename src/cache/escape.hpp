#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rollcall::cache {

/// How many bytes put_escaped() writes.
std::size_t escaped_size(std::string_view part) noexcept;

/// Writes a part of an identity: all but A-Z a-z 0-9 - . _ ~ @ percent-escaped, in upper-case digits. Returns the end
/// of what it wrote. `size` is escaped_size(part).
char* put_escaped(char* to, std::string_view part, std::size_t size) noexcept;

/// The same, behind what `to` has.
void append_escaped(std::string& to, std::string_view part);

/// Whether `text` is what append_escaped() makes of something: one spelling a part, so that comparing spellings is
/// comparing parts.
bool is_escaped(std::string_view text) noexcept;

} // namespace rollcall::cache
