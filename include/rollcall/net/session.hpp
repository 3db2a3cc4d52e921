#pragma once

#include "rollcall/net/buffer_stock.hpp"
#include "rollcall/net/byte_budget.hpp"
#include "rollcall/net/edge_socket.hpp"
#include "rollcall/net/executor.hpp"
#include "rollcall/net/http_text.hpp"
#include "rollcall/net/limits.hpp"
#include "rollcall/net/reactor.hpp"
#include "rollcall/net/service.hpp"
#include "rollcall/net/wakeup.hpp"
#include "rollcall/ops/counter.hpp"

#include <boost/intrusive/list.hpp>

#include <atomic>
#include <memory>

namespace rollcall::net {

/// The client connections that the whole process may hold. Shared by all listeners; touched once a connection, never
/// once a request.
class connection_quota {
public:
  explicit connection_quota(std::size_t most) : most_(most) {}

  /// Those that are there stay, even if they are more. Any thread.
  void change(std::size_t most) noexcept { most_.store(most, std::memory_order_relaxed); }

  bool take() noexcept {
    if (used_.fetch_add(1, std::memory_order_relaxed) < most_.load(std::memory_order_relaxed))
      return true;
    give_back();
    return false;
  }
  void give_back() noexcept { used_.fetch_sub(1, std::memory_order_relaxed); }

private:
  std::atomic<std::size_t> most_;
  std::atomic<std::size_t> used_{0};
};

/// Counters of one listener, written by its thread.
struct listener_stats {
  ops::counter accepted;
  ops::counter refused; ///< no room: answered 503
  ops::counter open;    ///< gauge
  ops::counter requests;
  ops::counter malformed;   ///< refused for their framing
  ops::counter timeouts;    ///< closed for slowness
  ops::counter aborted;     ///< closed by us in the middle of a response
  ops::counter crowded_out; ///< closed because they held most when the buffers of all together were too large
  ops::counter accept_errors;
  ops::counter bytes_in;
  ops::counter bytes_out;
};

/// What the sessions of one thread share.
struct session_context {
  executor ex;
  net::limits limits;
  service& handler;
  net::reactor& reactor;
  byte_budget& bytes;
  buffer_stock stock;
  listener_stats stats;
  date_line date;
  /// The loop's idea of the time, renewed by the sweep: deadlines are coarse.
  steady_clock::time_point now = steady_clock::now();
  bool draining = false;
  steady_clock::time_point drain_began;
};

/// One client connection: reads requests, hands them to the service one at a time, writes the answers in order.
///
/// The hit path is plain function calls from the edge that tells of a request to the write: no coroutine, no timer, no
/// allocation, one recv and one send. A connection's deadlines are coarse: the listener sweeps them. While it has
/// neither a request nor an answer in hand it holds no buffers: what it works with it borrows from its thread.
///
/// Lives on one thread, until it is closed and no service has its turn.
class session final
    : public std::enable_shared_from_this<session>,
      public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>,
      private reactor::watcher {
public:
  /// Gives `quota` a place back when it ends, unless it is null.
  session(descriptor socket, session_context& context, connection_quota* quota);
  ~session();

  /// Stays alive by itself from here on, until close().
  void begin();
  /// Called by the listener's sweep: closes the connection when its deadline has passed.
  void sweep(steady_clock::time_point now);
  /// Answers 503 and closes: there is no room for this connection. Instead of begin().
  void refuse();
  void close();
  /// Memory that it holds for a client who takes his time.
  [[nodiscard]] std::size_t held() const noexcept { return held_.count(); }

private:
  friend class exchange;
  friend class turn;

  enum class stage : unsigned char {
    idle,     ///< between requests
    head,     ///< part of a head is in
    body,     ///< the head is in, part of a buffered body is missing
    serving,  ///< a service has the turn
    lingering ///< answered for the last time; reading what is still on its way
  };

  // What arrives (session.cpp).
  void on_events(std::uint32_t events) noexcept override;
  void on_edge(std::uint32_t events);
  void take_in();
  std::expected<std::size_t, error_code> receive(std::size_t least);
  void advance();
  void wait_for_more();
  void enter(stage s);
  [[nodiscard]] session_buffers& work();
  void put_away();
  void count_held();

  // Requests (reading.cpp). The take_ functions return false when they need more bytes or somebody else will go on.
  bool take_head();
  bool take_body();
  bool take_chunks();
  bool accept_head(std::size_t size);
  void keep_head();
  void invite_body();
  bool serve(std::string_view body);
  void end_request();
  bool refuse(framing_error e);

  // Writing (answering.cpp).
  void queue_answer(const response& r);
  void append_head(unsigned status, std::string_view reason, std::string_view fields);
  void error_answer(unsigned status, std::string_view message);
  [[nodiscard]] bool owes_answers() const noexcept { return work_ && !work_->out.empty(); }
  error_code push();
  std::optional<bool> push_now();
  bool flush();
  void finish();
  void linger();

  // What a turn does (turn.cpp).
  void turn_over();
  task<std::expected<std::string_view, framing_error>> read_piece();
  task<bool> read_more();
  std::expected<bool, framing_error> parse_piece(std::string_view& piece);
  std::string_view arrived_piece();
  task<bool> drain();
  void queue_stream_head(const stream_head& h);
  void queue_piece(std::string_view piece);
  void queue_end();
  void end_stream(bool written);

  session_context& context_;
  connection_quota* quota_;
  held_bytes held_;
  std::shared_ptr<session> self_; // from begin() to close()
  edge_socket socket_;
  std::unique_ptr<session_buffers> work_; // null while there is nothing to hold
  wakeup reader_;                         // read_piece() waits for an edge, or for stop_reading()
  wakeup writer_;                         // drain() waits for an edge
  std::size_t head_size_ = 0;             // bytes of the head at the front of what was read
  std::uint64_t body_left_ = 0;           // of a body with a length, when streamed: bytes not yet handed out
  std::size_t piece_size_ = 0;            // bytes that the last piece occupies at the front of what was read
  std::size_t lingered_ = 0;
  steady_clock::time_point deadline_;
  // While the client has to take something: a streamed answer's request may be coming in at the same time, under the
  // other deadline.
  steady_clock::time_point write_deadline_ = steady_clock::time_point::max();
  body_plan plan_;
  stage stage_ = stage::idle;
  bool advancing_ = false;
  bool wants_more_ = false;       // take_in() goes on when there is something to read
  bool waiting_for_room_ = false; // the kernel takes no more; advance() goes on when it does
  bool reading_stopped_ = false;  // no more of this request's body will be read
  bool answered_ = false;         // the whole answer to the request of the moment is queued
  bool body_done_ = true;         // ... and its body has been read
  bool to_head_ = false;          // the request's method is HEAD
  bool http10_ = false;           // ... and its version HTTP/1.0
  bool chunking_ = false;         // the answer under way is sent in chunks
  bool until_close_ = false;      // ... or up to the connection's end
  bool keep_alive_ = true;
  bool client_closes_ = false; // by the client's own wish this is the last request
  bool last_ = false;          // close once everything is written
};

} // namespace rollcall::net
