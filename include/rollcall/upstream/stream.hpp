#pragma once

#include "rollcall/upstream/answer_reader.hpp"
#include "rollcall/upstream/pool.hpp"

#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace rollcall::upstream {

/// The head of an answer that is streamed. Views are valid until more() is called.
struct stream_answer {
  unsigned status = 0;
  std::string_view reason;
  /// Absent when the length is known only at the end.
  std::optional<std::uint64_t> content_length;
  bool has_body = true;
  /// As received, hop-by-hop ones included.
  const std::vector<net::field>& fields;
};

/// One exchange whose request and answer are passed on piece by piece. The request is put on the wire at most once:
/// nothing is ever sent again, because the first time may have been carried out.
///
/// Sending and receiving may run at the same time, as two coroutines on the pool's thread. Every wait is bounded:
/// `pause` is the longest that the instance may take to accept a piece and, once the request is whole, to begin its
/// answer and between two pieces of it. The client's own pauses, on either way, count for nothing here.
///
/// What needs no waiting is a plain function: most requests leave at once, and most answers come in one piece.
class stream {
public:
  /// `to_head`: the request's method is HEAD.
  stream(pool& from, std::chrono::milliseconds pause, bool to_head) : pool_(from), pause_(pause), answer_(to_head) {}
  ~stream();
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  /// Gets a connection if one is idle.
  bool open_now();
  [[nodiscard]] bool is_open() const noexcept { return link_ != nullptr; }
  /// Gets a connection. On failure nothing was sent.
  net::task<std::expected<void, failure>> open();

  /// Sends what the kernel takes of `text` at once, and takes that off its front.
  std::expected<void, failure> send_now(std::string_view& text);
  /// Sends text as it is: the head, body pieces, their framing. `text` outlives the call.
  net::task<std::expected<void, failure>> send(std::string_view text);
  /// Sends a piece without copying it, as a chunk of its own when `chunked`. `piece` outlives the call.
  net::task<std::expected<void, failure>> send_piece(std::string_view piece, bool chunked);

  /// The head of the final answer; interim ones are dropped.
  net::task<std::expected<stream_answer, failure>> receive_head();
  /// The same without waiting: nullopt while it has not come whole.
  std::expected<std::optional<stream_answer>, failure> arrived_head();
  /// Calls `then` with what became of it when more has come. Until then the stream stays where it is; `then` may end
  /// it.
  void when_more(std::move_only_function<void(std::expected<void, failure>)> then);
  /// The next piece of the answer's body that is already here, valid until more() is called; empty when there is none.
  std::expected<std::string_view, failure> arrived();
  /// The body has been handed out to its end.
  [[nodiscard]] bool answer_is_through() const { return answer_.is_done(); }
  /// Waits for more of the body to arrive, or for its end.
  net::task<std::expected<void, failure>> more();

  /// Ends the exchange now; what waits on it fails.
  void cancel();
  /// Ends it unless the request is whole: the answer has been dealt with, and there is nobody to send the rest for.
  void stop_sending();
  /// The request went out to its end; only then may the connection be used again.
  void request_is_whole();

private:
  void wait_begins(bool& waiting, bool bounded);
  void wait_ended(bool& waiting);
  net::task<std::expected<void, failure>> send_parts(std::span<iovec> parts);
  void read_more();
  std::unexpected<failure> failed(failure why);

  pool& pool_;
  std::chrono::milliseconds pause_;
  std::shared_ptr<link> link_;
  answer_reader answer_;
  std::move_only_function<void(std::expected<void, failure>)> then_; // when_more()
  std::optional<failure> failed_;                                    // the first, and not ours
  unsigned status_ = 0;
  bool cancelled_ = false;
  bool request_whole_ = false;
  bool sending_ = false;
  bool receiving_ = false;
};

} // namespace rollcall::upstream
