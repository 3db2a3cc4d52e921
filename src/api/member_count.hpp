#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rollcall::api {

/// N of the `<membercount>N</membercount>` in a text, which may be escaped (`&lt;membercount&gt;`) and spaced. Finds it
/// by search: the text is meant to be XML, but nobody promises that it is.
///
/// nullopt when there is none, when it is not from 1 to 100,000 (a room holds some hundreds), or when there are several
/// that differ: the same text names the members who were mentioned, in words that a sender may choose.
std::optional<std::uint64_t> member_count_in(std::string_view text);

} // namespace rollcall::api
