#pragma once

#include "load/catalogue.hpp"
#include "load/plan.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace rollcall::load {

/// Turns questions into bytes.
class request_text {
public:
  explicit request_text(const plan& of);

  /// Appends a whole request to that target; allocates nothing once `to` has room.
  void append(std::string& to, std::size_t target, const question& q) const;

private:
  std::vector<std::string> hosts_; // each: all fields that do not depend on the question
};

} // namespace rollcall::load
