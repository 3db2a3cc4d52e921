#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace rollcall::redis {

/// Into how many slots a cluster divides its keys.
inline constexpr std::size_t slot_count = 16384;

/// The slot of a key, as the cluster specification has it: CRC16 (XMODEM) of what stands between the first `{` and the
/// first `}` after it or, where that is nothing, of the whole key.
std::uint16_t key_slot(std::string_view key) noexcept;

} // namespace rollcall::redis
