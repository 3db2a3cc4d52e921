#pragma once

#include "rollcall/cache/clock.hpp"
#include "rollcall/cache/identity.hpp"
#include "rollcall/cache/page_store.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rollcall::cache {

class variant;
using variant_ptr = boost::intrusive_ptr<const variant>;

/// A body as it goes on the wire in one content coding: its representation fields (Content-Type, Content-Encoding,
/// Content-Length, Vary; RFC 9110 section 8), the empty line, and the body. A response is the status line, the fields
/// that change from answer to answer, shared_fields(), then bytes(). Immutable; counts its users itself, in the block
/// of memory that holds the bytes. May be shared between threads.
class variant {
public:
  /// `coding` is "" for the body as the upstream sent it, or "gzip". An empty content type has no line, and neither has
  /// one with bytes that a field value cannot carry (RFC 9110 section 5.5): CR and LF in it would forge a response.
  /// Throws std::length_error for what 32 bits cannot count.
  static variant_ptr make(std::string_view content_type, std::string_view coding, std::string_view body);
  variant(const variant&) = delete;
  variant& operator=(const variant&) = delete;

  /// Vary, and the Content-Type of the platform's lists if it is that: a third of what a small list would take beside
  /// its body, if each kept them. Lives as long as the program.
  [[nodiscard]] std::string_view shared_fields() const noexcept { return is_usual() ? usual_fields : other_fields; }
  static constexpr std::string_view usual_fields = "Content-Type: application/json;charset=UTF-8\r\n"
                                                   "Vary: Accept-Encoding\r\n";
  static constexpr std::string_view other_fields = "Vary: Accept-Encoding\r\n";
  [[nodiscard]] bool is_usual() const noexcept { return usual_ != 0; }

  /// The others, the empty line, and the body, in one run.
  [[nodiscard]] std::string_view bytes() const noexcept { return {reinterpret_cast<const char*>(this + 1), size_}; }
  [[nodiscard]] std::string_view body() const noexcept { return bytes().substr(head_); }
  /// Where bytes() begin in a file, if they are in one.
  [[nodiscard]] file_place place() const noexcept {
    return paged_ ? page_store::instance().place_of(this + 1) : file_place();
  }
  /// As make() was given it; empty when there is no such line.
  [[nodiscard]] std::string_view content_type() const noexcept;
  /// Bytes that it keeps in memory, allocations' overhead included.
  [[nodiscard]] std::size_t footprint() const noexcept;

private:
  variant(std::uint32_t size, std::uint32_t head, bool usual, bool paged) noexcept
      : size_(size), head_(head), usual_(usual), paged_(paged) {}
  ~variant() = default;

  friend void intrusive_ptr_add_ref(const variant* v) noexcept { v->users_.fetch_add(1, std::memory_order_relaxed); }
  friend void intrusive_ptr_release(const variant* v) noexcept;

  mutable std::atomic<std::uint32_t> users_{0};
  std::uint32_t size_;
  std::uint32_t head_ : 30;
  std::uint32_t usual_ : 1; ///< Content-Type is in usual_fields
  std::uint32_t paged_ : 1; ///< the block is the page store's
};

/// One stored answer. Immutable: it is shared between threads, and whoever wants another one makes another one.
struct entry {
  identity id;
  /// Random; tells one fetch of an identity from the next, here and in Redis.
  std::uint64_t version = 0;
  time_point fetched_at;
  time_point fresh_until;
  /// Past this it is never served, whatever happens.
  time_point serve_until;
  /// How long the upstream took to answer; early refreshes reckon with it. 0: unknown. Redis keeps up to a minute.
  milliseconds took{0};
  variant_ptr plain;
  /// Null until it has been made, and for bodies too small to be worth it.
  variant_ptr gzip;

  /// Bytes that this entry keeps in memory, allocations' overhead included.
  [[nodiscard]] std::size_t bytes() const noexcept;
};

using entry_ptr = std::shared_ptr<const entry>;

/// Bodies up to this many bytes are neither compressed in Redis nor have a gzip variant.
inline constexpr std::size_t compress_above = 4096;

/// One gzip member (RFC 1952). Costs about 0.2 ms per 100 KB: not for an event loop's thread.
std::string gzip_compress(std::string_view body);

/// The reverse. False when `compressed` is not exactly one intact gzip member or would exceed `limit` bytes; `body` is
/// then unspecified. Allocates no more than `limit`, nor more than deflate could have made out of so few bytes,
/// whatever the member claims about its size.
bool gzip_expand(std::string_view compressed, std::size_t limit, std::string& body);

} // namespace rollcall::cache
