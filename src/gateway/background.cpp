#include "rollcall/gateway/background.hpp"

#include <boost/asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include <exception>

namespace rollcall::gateway {

void background::start(net::task<> t, std::string_view what) {
  running_.add();
  net::asio::co_spawn(ex_, std::move(t), [this, what](std::exception_ptr failed) {
    running_.subtract();
    if (!failed)
      return;
    try {
      std::rethrow_exception(failed);
    } catch (const std::exception& e) {
      spdlog::error("{} failed: {}", what, e.what());
    }
  });
}

} // namespace rollcall::gateway
