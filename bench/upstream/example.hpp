#pragma once

#include <string_view>

namespace rollcall::standin {

/// The request of the platform's own documentation. Asked with these two under the first generation's names, the
/// stand-in answers documented_answer(), byte for byte.
inline constexpr std::string_view documented_wid = "0000016e-6343-089e-0001-e2ef939176f6";
inline constexpr std::string_view documented_room = "23321854893@chatroom";

/// The documentation's example of success as printed there: indented, and without a newline at its end.
std::string_view documented_answer();

} // namespace rollcall::standin
