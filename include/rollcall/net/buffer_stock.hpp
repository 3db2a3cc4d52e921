#pragma once

#include "rollcall/net/outbox.hpp"
#include "rollcall/net/read_buffer.hpp"
#include "rollcall/net/request_parser.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace rollcall::net {

/// What a connection needs while it has a request or an answer in hand.
struct session_buffers {
  read_buffer in;
  outbox out;
  request_parser parser;
  std::string kept_head; ///< the head, when its body comes later and `in` must be free to move
  read_buffer body;      ///< a buffered chunked body, decoded

  /// There is nothing in it that anybody still needs, but for what the parser and kept_head say of a request.
  [[nodiscard]] bool empty() const noexcept { return in.empty() && out.empty() && body.empty(); }
};

/// The buffers that the connections of one thread share: each takes a set when something arrives and puts it back when
/// nothing is left in it, so that ten thousand idle connections hold none, and the few that are at work hold warm ones.
class buffer_stock {
public:
  /// A read takes this much at most.
  static constexpr std::size_t read_most = 16 * 1024;

  std::unique_ptr<session_buffers> take();
  /// `b` is empty().
  void put_back(std::unique_ptr<session_buffers> b);
  /// Moves the little that has come of a request out of a large read buffer, and keeps that for others: who sends half
  /// a request and waits does not hold 16 KiB. Views into `b.in` end.
  void thin(session_buffers& b);

private:
  // More than are ever at work within one turn of the loop are not worth keeping.
  static constexpr std::size_t sets_most = 16;
  std::vector<std::unique_ptr<session_buffers>> sets_;
  read_buffer spare_;
};

} // namespace rollcall::net
