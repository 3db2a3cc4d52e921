#pragma once

#include "rollcall/net/executor.hpp"

#include "upstream/answer.hpp"

namespace rollcall::standin {

/// Instead of sending the answer, does with the connection what `reply.how`, which is not `proper`, says. What is
/// left to do then is to close it.
net::task<> misbehave(net::tcp_socket& socket, const answer& reply);

} // namespace rollcall::standin
