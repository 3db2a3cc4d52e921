#pragma once

#include "upstream/random.hpp"

#include <string>

namespace rollcall::standin {

/// A nickname as WeChat rooms have them: mostly Chinese names, some Latin, some with emoji, and a few of the kind that
/// breaks careless software (quotes, backslashes, combining marks, zero-width joiners, right-to-left text, markup,
/// line breaks). At most 64 bytes of UTF-8.
std::string make_nickname(random_source& random);

/// The name of a room.
std::string make_topic(random_source& random);

} // namespace rollcall::standin
