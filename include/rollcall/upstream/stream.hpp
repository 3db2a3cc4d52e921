#pragma once

#include "rollcall/upstream/pool.hpp"

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>

#include <array>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::upstream {

/// The head of an answer that is streamed.
struct stream_answer {
  unsigned status = 0;
  std::string reason;
  /// Absent when the length is known only at the end.
  std::optional<std::uint64_t> content_length;
  bool has_body = true;
  /// As received, hop-by-hop ones included; valid as long as the stream.
  const boost::beast::http::fields* fields = nullptr;
};

/// One exchange whose request and answer are passed on piece by piece. The request is put on the wire at most once:
/// nothing is ever sent again, because the first time may have been carried out.
///
/// Sending and receiving may run at the same time, as two coroutines on the pool's thread. Every wait is bounded:
/// `pause` is the longest that the instance may take to accept a piece and, once the request is whole, to begin its
/// answer and between two pieces of it. The client's own pauses, on either way, count for nothing here.
class stream {
public:
  stream(pool& from, std::chrono::milliseconds pause) : pool_(from), pause_(pause) {}
  ~stream();
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  /// Gets a connection. On failure nothing was sent.
  net::task<std::expected<void, failure>> open();

  /// Sends text as it is: the head, body pieces, their framing.
  net::task<std::expected<void, failure>> send(std::string text);
  /// Sends a piece without copying it, as a chunk of its own when `chunked`. `piece` outlives the call.
  net::task<std::expected<void, failure>> send_piece(std::string_view piece, bool chunked);

  /// The head of the final answer; interim ones are dropped. `to_head` says that the request's method was HEAD.
  net::task<std::expected<stream_answer, failure>> receive_head(bool to_head);
  /// The next piece of the answer's body, valid until the next call; empty at its end.
  net::task<std::expected<std::string_view, failure>> receive();

  /// Ends the exchange now; what waits on it fails.
  void cancel();
  /// Ends it unless the request is whole: the answer has been dealt with, and there is nobody to send the rest for.
  void stop_sending();
  /// The request went out to its end; only then may the connection be used again.
  void request_is_whole();

private:
  using parser = boost::beast::http::response_parser<boost::beast::http::buffer_body>;

  void wait_begins(bool& waiting, bool bounded);
  void wait_ended(bool& waiting);

  pool& pool_;
  std::chrono::milliseconds pause_;
  std::shared_ptr<link> link_;
  std::optional<parser> parser_;
  std::array<char, 16 * 1024> piece_;
  bool request_whole_ = false;
  bool sending_ = false;
  bool receiving_ = false;
};

} // namespace rollcall::upstream
