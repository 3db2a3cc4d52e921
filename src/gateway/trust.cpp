#include "rollcall/gateway/trust.hpp"

#include "rollcall/ops/config.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace rollcall::gateway {

std::shared_ptr<net::tls_context> trust_in(const std::string& ca_file, std::string_view key) {
  try {
    return net::open_tls(ca_file);
  } catch (const std::runtime_error& e) {
    throw ops::config_error(fmt::format("{}: {}", key, e.what()));
  }
}

} // namespace rollcall::gateway
