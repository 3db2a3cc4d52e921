#pragma once

#include "rollcall/redis/reply.hpp"

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct redisReader; // NOLINT(readability-identifier-naming): hiredis' own

namespace rollcall::redis {

/// Bytes that format() adds for `args` at most.
std::size_t formatted_size(std::span<const std::string_view> args);

/// Appends the command in RESP to `out`.
void format(std::span<const std::string_view> args, std::string& out);

/// The reply being read, and how many elements it has by now, at any depth.
struct unfinished_reply {
  std::size_t elements = 0;
  reply root;
};

/// Makes replies of the bytes of one connection. The peer is not trusted: a reply's size, depth and number of elements
/// are bounded, and nothing is allocated because a length says so, only as bytes arrive.
class reply_reader {
public:
  /// `reply_most` bounds the bytes of one reply.
  explicit reply_reader(std::size_t reply_most);
  reply_reader(const reply_reader&) = delete;
  reply_reader& operator=(const reply_reader&) = delete;

  /// Takes bytes as they came.
  void feed(std::string_view bytes);

  /// The next whole reply; nullopt when more bytes are needed; a sentence when the peer does not speak the protocol,
  /// after which the reader is of no more use.
  std::expected<std::optional<reply>, std::string> next();

private:
  struct free_reader {
    void operator()(redisReader* r) const noexcept;
  };
  std::unique_ptr<redisReader, free_reader> reader_;
  std::size_t reply_most_;
  /// Bytes taken since the last whole reply ended.
  std::size_t unfinished_ = 0;
  unfinished_reply made_;
};

} // namespace rollcall::redis
