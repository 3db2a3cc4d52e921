#pragma once

#include "rollcall/net/executor.hpp"
#include "rollcall/net/request_parser.hpp"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::net {

class session;

/// Readable bytes behind every buffered body (simdjson reads past the end of its input).
inline constexpr std::size_t body_padding = 64;

/// How a service wants a request's body.
struct body_plan {
  /// Wait for the whole body, at most `limit` bytes; otherwise the service is called at once and reads it itself.
  bool buffered = true;
  std::size_t limit = 16 * 1024;
};

/// A request as a service sees it. Views are valid until serve() returns.
struct request {
  const request_head& head;
  /// The whole body when it was buffered, with body_padding readable bytes behind it; otherwise empty.
  std::string_view body;
};

/// A whole response. The session adds the status line, Date and Connection.
struct response {
  unsigned status = 200;
  /// Complete field lines, each with its CRLF. Copied.
  std::string_view fields;
  /// The other fields, the empty line and the body: the bytes of a cache::variant.
  std::string_view rest;
  /// Keeps `rest` alive until it is written; null when `rest` must be copied.
  std::shared_ptr<const void> owner;
  /// The file that has `rest` as well, for as long as the owner lives, and where: the kernel may take it from there.
  int file = -1;
  off_t offset = 0;
};

/// The head of a response whose body is written piece by piece.
struct stream_head {
  unsigned status = 200;
  std::string_view reason;
  /// Complete field lines, framing excluded.
  std::string_view fields;
  /// Absent: chunked for HTTP/1.1 clients, until the connection's end for HTTP/1.0.
  boost::optional<std::uint64_t> content_length;
  /// There is a body to write (not so for HEAD, 204, 304).
  bool has_body = true;
};

/// The right to answer one request, and the duty: dropped unanswered, it closes the connection. Used on the session's
/// thread only. Outlives serve(), so that an answer may come later.
class turn {
public:
  turn() = default;
  explicit turn(std::shared_ptr<session> s) : session_(std::move(s)) {}
  turn(turn&&) = default;
  turn& operator=(turn&&) = delete;
  ~turn();

  /// Sends a whole response; the turn is over.
  void respond(const response& r);

  /// The next piece of a body that was not buffered, valid until the next call; empty at its end. An error when the
  /// client left, was too slow, or broke the framing; the connection then closes after the answer.
  task<std::expected<std::string_view, framing_error>> read_body();
  /// The same without waiting, of a body with a length: empty when none of it has come yet. Valid within serve() only,
  /// since the buffer of a body that is through goes to others while the answer is awaited.
  std::string_view arrived_body();
  [[nodiscard]] bool body_is_through() const;
  /// Ends a read_body() that is under way; the connection closes after the answer.
  void stop_reading();

  /// A response in pieces: queues its head, then pieces of its body. None of it leaves before flush() or finish(), so
  /// that what is there at the same time goes out in one write. Pieces are not copied: each stays until then.
  void begin(const stream_head& h);
  void add(std::string_view piece);
  /// Returns when all that is queued has left for the kernel, which is the back-pressure; false when the client is
  /// gone.
  task<bool> flush();
  /// The same without waiting: nullopt when the client has to take some of it first, which flush() waits for.
  std::optional<bool> flush_now();
  /// Ends the response; the turn is over.
  task<bool> finish();
  /// The same without waiting: false when the client has to take some of it first, and then finish() is still due.
  bool finish_now();

  /// Closes the connection: the client sees that the response is not whole. The turn is over.
  void abort();

private:
  std::shared_ptr<session> session_;
};

/// The request of the moment, while serve() runs.
class exchange {
public:
  explicit exchange(session& s) : session_(s) {}

  /// Answers at once. Nothing is allocated when `r.owner` is set.
  void respond(const response& r);
  /// Takes the right to answer later. Copy what you need of the request first.
  [[nodiscard]] turn take();

private:
  session& session_;
};

/// What a listener serves. One a thread; called on that thread only.
class service {
public:
  virtual ~service() = default;

  /// The head is in; how is the body to be taken?
  virtual body_plan plan(const request_head& head) = 0;
  /// Must respond, or take the turn, before it returns. Does not throw.
  virtual void serve(const request& r, exchange& x) = 0;
  /// The body (JSON) of an answer that the session gives on its own: a refused request, or no room for a connection.
  virtual std::string error_body(unsigned status, std::string_view message) = 0;
};

} // namespace rollcall::net
