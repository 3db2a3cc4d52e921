#pragma once

#include "rollcall/cache/identity.hpp"
#include "rollcall/cache/scope.hpp"

#include <string>
#include <string_view>
#include <variant>

/// The names of our keys in Redis, which src/redis/README.md lists.
namespace rollcall::redis {

/// What a key under our namespace is.
struct value_key {
  cache::identity id;
};
struct lease_key {
  cache::identity id;
};
struct signal_key {
  cache::scope of;
};
struct index_key {};
struct foreign_key {};
using parsed_key = std::variant<value_key, lease_key, signal_key, index_key, foreign_key>;

class keys {
public:
  explicit keys(std::string name_space);

  /// What all our keys begin with.
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }

  [[nodiscard]] std::string value(const cache::identity& id) const;
  [[nodiscard]] std::string lease(const cache::identity& id) const;
  /// The index set of an account or of a room; the part escaped as in identities.
  [[nodiscard]] std::string index_of_account(std::string_view w_id) const;
  [[nodiscard]] std::string index_of_room(std::string_view room) const;
  [[nodiscard]] std::string signal(const cache::scope& s) const;

  [[nodiscard]] parsed_key parse(std::string_view key) const;

private:
  std::string prefix_;
};

} // namespace rollcall::redis
