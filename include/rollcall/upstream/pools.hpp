#pragma once

#include "rollcall/upstream/directory.hpp"
#include "rollcall/upstream/pool.hpp"

#include <cstddef>
#include <expected>
#include <memory>
#include <string_view>
#include <vector>

namespace rollcall::upstream {

/// A thread's connections to all instances: one pool for each. All functions are called on the thread of its executor.
class pools {
public:
  /// `edges` outlives it.
  pools(const net::executor& ex, net::reactor& edges, std::shared_ptr<const directory> where,
        const pool_options& options);

  /// Where everything goes; null when it depends on the account.
  [[nodiscard]] pool* only() const noexcept { return only_; }
  /// The place in all() of where that account lives, or failure::no_instance.
  [[nodiscard]] std::expected<std::size_t, failure> home_of(std::string_view w_id) const;
  /// Where a call goes that names no account: the foremost that is not ejected, or the foremost.
  [[nodiscard]] pool& for_anybody() const;

  /// In the order of the directory.
  [[nodiscard]] const std::vector<std::unique_ptr<pool>>& all() const noexcept { return all_; }

  /// As pool::change(), for each.
  void change(const pool_options& o);
  /// As pool::stop(), for each.
  void stop();

private:
  std::shared_ptr<const directory> where_;
  std::vector<std::unique_ptr<pool>> all_;
  pool* only_ = nullptr;
};

} // namespace rollcall::upstream
