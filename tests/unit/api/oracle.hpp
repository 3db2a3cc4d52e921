#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::api::test {

/// A second opinion about a JSON text, from Boost.JSON: its grammar, and the fields of its outermost object with all
/// their duplicates.
struct oracle {
  enum class type { string, integer, array, other };
  struct field {
    std::string name;
    type kind = type::other;
    std::string text; ///< of a string, unescaped; of an integer, as it stands
  };

  bool object = false;
  std::vector<field> fields;

  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] const field* find(std::string_view name) const;
};

/// Nothing when the text is not one whole valid document.
std::optional<oracle> ask_oracle(std::string_view text);

/// What query_parser should say, as line() writes it.
std::string expected_verdict(std::string_view body);

/// What answer_parser should say, as to_string() writes it.
std::string_view expected_kind(std::string_view body);

} // namespace rollcall::api::test
