#pragma once

#include "herding/poller.hpp"
#include "load/address.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::load {

/// A question on its way.
struct asked {
  enum class kind : std::uint8_t { list, write, herd } what = kind::list;
  std::uint32_t question = 0;
  std::uint32_t version = 0; ///< the oldest that may be shown; of a write: the one it makes
  std::int64_t intended = 0; ///< when it had to be sent: latency counts from here
  std::int64_t sent = 0;
};

/// Memory for answers that come in pieces, handed on from one connection to the next.
class spare_buffers {
public:
  std::vector<char> take();
  void give(std::vector<char> back);

private:
  std::vector<std::vector<char>> spare_;
};

/// A client's connection: opened, written and read without waiting. Answers come in the order of the questions.
class connection {
public:
  enum class state : std::uint8_t { closed, connecting, open };

  /// `most` questions may be on their way at once.
  connection(std::size_t target, std::size_t most, spare_buffers& spare)
      : target_(target), spare_(&spare), ring_(most) {}

  [[nodiscard]] state now() const noexcept { return state_; }
  [[nodiscard]] std::size_t target() const noexcept { return target_; }
  [[nodiscard]] const herding::descriptor& socket() const noexcept { return socket_; }

  /// False when the kernel refuses at once.
  bool connect(const address& where, std::int64_t at);
  [[nodiscard]] std::int64_t connecting_since() const noexcept { return since_; }
  /// The socket is writable, or failed: whether it is connected.
  bool finish_connecting();
  void close();

  /// Sends, or keeps what the kernel does not take, or everything until it is connected.
  void write(std::string_view bytes);
  void write_rest();

  /// What has come so far and was not consumed: in `shared`, when it came in one piece, which saves a copy. `drained`
  /// is false when there may be more; `ended` when there never will be.
  struct received {
    std::string_view bytes;
    bool any = false; ///< something came, be it not enough to look at
    bool drained = true;
    bool ended = false;
  };
  received read(std::span<char> shared);
  /// Leaves `rest`, the end of what read() returned, to the next read(); `needed`: nothing happens before so many
  /// bytes.
  void keep(std::string_view rest, std::size_t needed);

  [[nodiscard]] std::size_t waiting() const noexcept { return count_; }
  [[nodiscard]] bool full() const noexcept { return count_ == ring_.size(); }
  [[nodiscard]] const asked& oldest() const noexcept { return ring_[first_]; }
  void push(const asked& q) noexcept;
  asked pop() noexcept;

  std::int64_t retry_at = 0; ///< not before this after a failure
  bool queued = false;       ///< in its worker's queue of those that can take a question
  bool of_herd = false;

private:
  std::size_t target_;
  spare_buffers* spare_;
  state state_ = state::closed;
  herding::descriptor socket_;
  std::int64_t since_ = 0;
  std::vector<asked> ring_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::string unsent_;
  std::vector<char> kept_;
  std::size_t used_ = 0;
  std::size_t needed_ = 0;
};

} // namespace rollcall::load
