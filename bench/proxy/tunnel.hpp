#pragma once

#include "rollcall/net/executor.hpp"

#include "proxy/mode.hpp"
#include "proxy/pipe.hpp"

#include <cstdint>
#include <memory>
#include <random>
#include <span>

namespace rollcall::proxy {

/// A client's connection and the one that it is passed on to. Its coroutines keep it alive, and end it when either side
/// does. One thread.
class tunnel : public std::enable_shared_from_this<tunnel> {
public:
  tunnel(net::tcp_socket client, const mode& current, std::uint64_t seed);

  /// Connects on and carries bytes, as the mode says.
  void start(net::tcp::endpoint to);

  /// The mode is another one from now on. A connection of which something was swallowed is reset: the rest of it would
  /// make no sense.
  void change(const mode& to);

  /// Ends both connections without a word: their peers see a reset.
  void reset();

private:
  enum class way : std::uint8_t { up, down };

  static net::task<> open(std::shared_ptr<tunnel> self, net::tcp::endpoint to);
  static net::task<> read(std::shared_ptr<tunnel> self, way w);
  static net::task<> write(std::shared_ptr<tunnel> self, way w);
  void take(std::span<const char> bytes, way w);
  void spoil(std::string& bytes);
  void spawn(net::task<> work);

  net::tcp_socket client_;
  net::tcp_socket server_;
  pipe up_;
  pipe down_;
  mode mode_;
  std::uint64_t left_ = 0; ///< bytes until the cut
  bool swallowed_ = false;
  std::minstd_rand random_;
};

} // namespace rollcall::proxy
