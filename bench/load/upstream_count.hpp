#pragma once

#include "load/address.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace rollcall::load {

/// Asks the stand-in how many calls it has had.
class upstream_count {
public:
  /// A bare URL means /__stats there. Throws std::runtime_error where nobody listens.
  explicit upstream_count(const url& where);

  /// Nothing when it does not say.
  [[nodiscard]] std::optional<std::uint64_t> calls() const;

private:
  address address_;
  std::string request_;
};

} // namespace rollcall::load
