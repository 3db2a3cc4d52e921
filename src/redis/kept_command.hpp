#pragma once

#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace rollcall::redis {

/// A command that may have to be sent once more, after what it was made of has gone.
class kept_command {
public:
  using arguments = boost::container::small_vector<std::string_view, 16>;

  explicit kept_command(std::span<const std::string_view> args);

  /// Views into this.
  [[nodiscard]] arguments args() const;

private:
  std::string bytes_;
  boost::container::small_vector<std::size_t, 16> sizes_;
};

} // namespace rollcall::redis
