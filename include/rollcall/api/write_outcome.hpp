#pragma once

#include "rollcall/api/answer.hpp"

#include <optional>
#include <string_view>

namespace rollcall::api {

/// What became of a write, as far as its answer tells.
enum class write_outcome {
  done,
  refused, ///< nothing has changed
  unknown, ///< it may have been carried out, in whole or in part
};
std::string_view to_string(write_outcome o);

/// Judges the answer to a write: its HTTP status, its Content-Encoding ("" when it has none), and what
/// answer_parser::classify made of its body, or nullopt when that was too large, or not kept, to be read.
///
/// Of a 2xx the envelope decides, if it can be read: code 1000 is done, whatever `data` holds (writes have no list to
/// show). A 4xx is a refusal, unless its own envelope contradicts it. Everything else is unknown: whoever answers with
/// a 5xx may have failed after the change, and a body in an encoding other than identity was never read.
write_outcome outcome_of_write(unsigned status, std::string_view content_encoding, std::optional<answer_kind> said);

} // namespace rollcall::api
