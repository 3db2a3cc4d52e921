#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>

/// The one place that names the executor. Concrete types throughout: the polymorphic any_io_executor costs an
/// allocation and virtual calls for every asynchronous operation.
namespace rollcall::net {

namespace asio = boost::asio;

using executor = asio::io_context::executor_type;

/// A coroutine of ours. It runs on one thread's io_context from start to end.
template <class T = void>
using task = asio::awaitable<T, executor>;

using error_code = boost::system::error_code;
using steady_clock = std::chrono::steady_clock;

using tcp = asio::ip::tcp;
using tcp_socket = asio::basic_stream_socket<tcp, executor>;
using unix_socket = asio::basic_stream_socket<asio::local::stream_protocol, executor>;
using timer = asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, executor>;

/// Completion token: `auto [ec, n] = co_await op(net::no_throw);` never throws for an I/O error.
inline constexpr auto no_throw = asio::as_tuple(asio::use_awaitable_t<executor>{});

} // namespace rollcall::net
