#pragma once

#include "rollcall/ops/config.hpp"
#include "rollcall/upstream/directory.hpp"

#include <memory>

namespace rollcall::gateway {

/// The instances of a configuration. Throws ops::config_error: an address, an account that two of them name, or
/// authorities that cannot be read.
std::shared_ptr<const upstream::directory> instances_of(const ops::config& c);

} // namespace rollcall::gateway
