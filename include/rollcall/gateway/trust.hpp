#pragma once

#include "rollcall/net/tls.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace rollcall::gateway {

/// net::open_tls() for the authorities that the configuration names under `key`. Throws ops::config_error.
std::shared_ptr<net::tls_context> trust_in(const std::string& ca_file, std::string_view key);

} // namespace rollcall::gateway
