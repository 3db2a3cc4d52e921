#include "kept_command.hpp"

namespace rollcall::redis {

kept_command::kept_command(std::span<const std::string_view> args) {
  std::size_t size = 0;
  for (const auto a : args) {
    size += a.size();
    sizes_.push_back(a.size());
  }
  bytes_.reserve(size);
  for (const auto a : args) {
    bytes_ += a;
  }
}

kept_command::arguments kept_command::args() const {
  arguments all;
  std::string_view rest = bytes_;
  for (const auto size : sizes_) {
    all.push_back(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  return all;
}

} // namespace rollcall::redis
