#pragma once

#include "rollcall/net/executor.hpp"

#include "upstream/platform.hpp"

namespace rollcall::standin {

/// Serves one connection until its client leaves, asks to close or breaks the protocol. `instance` must outlive it.
net::task<> serve(net::tcp_socket socket, platform& instance);

} // namespace rollcall::standin
