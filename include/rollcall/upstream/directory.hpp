#pragma once

#include "rollcall/net/tls.hpp"
#include "rollcall/upstream/health.hpp"
#include "rollcall/upstream/instance.hpp"
#include "rollcall/upstream/routing.hpp"

#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace rollcall::upstream {

/// The instances of a configuration, and who lives where. Immutable, but for what each learns of its health; the lanes
/// share it.
class directory {
public:
  struct entry {
    instance where;
    /// The accounts that it names; see routing.
    std::vector<std::string> wids;
    /// Shared by the lanes; null: nobody watches it.
    std::shared_ptr<health> condition;
    /// For https, and otherwise null.
    std::shared_ptr<net::tls_context> trust;
  };

  /// Or what is wrong with it, for the operator. There is one entry at least.
  static std::expected<directory, std::string> make(std::vector<entry> entries);

  [[nodiscard]] const std::vector<entry>& entries() const noexcept { return entries_; }
  [[nodiscard]] const routing& homes() const noexcept { return homes_; }

private:
  directory(std::vector<entry> entries, routing homes) : entries_(std::move(entries)), homes_(std::move(homes)) {}

  std::vector<entry> entries_;
  routing homes_;
};

} // namespace rollcall::upstream
