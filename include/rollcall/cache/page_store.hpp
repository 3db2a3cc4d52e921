#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>

namespace rollcall::cache {

/// A place in a file, for sendfile(2).
struct file_place {
  int file = -1; ///< -1: none
  off_t offset = 0;
};

/// Memory that the kernel can send without copying it: whole pages of a file that is in memory only (memfd_create(2)).
/// What sendfile(2) has queued are the pages themselves, and they leave long after it has returned. So pages are never
/// written again: what is given back is taken out of the file (FALLOC_FL_PUNCH_HOLE), whoever has still to receive it
/// keeps it, and the next block in its place has new pages.
///
/// Worth it for 16 to 64 KiB. A client on the same machine costs a server 0.68 times of what it does with a copy for 48
/// KB, 0.80 for 29, 0.91 for 15; and above 64 KiB, which the kernel does in two parts, twice as much (a bare server,
/// 64 connections).
///
/// On any thread once it is open.
class page_store {
public:
  static constexpr std::size_t page = 4096;
  static constexpr std::size_t least = 16 * 1024;
  static constexpr std::size_t most = 64 * 1024;

  page_store() noexcept;
  /// After all blocks have been given back.
  ~page_store();
  /// The one that variants use. Never destroyed, as entries may outlive everything.
  static page_store& instance() noexcept;

  /// Sets apart addresses, not memory, for blocks of some `bytes` in all. Called once, before there is a second thread,
  /// or never: then there is nothing to be taken. Where the system refuses, or the address space is limited,
  /// it is the same.
  void open(std::size_t bytes);

  /// A block, page by page zero; null when the size is none that is worth it, when a tenth of it would be lost to the
  /// last page, or when there is no room.
  void* take(std::size_t bytes) noexcept;
  /// A block that was taken, with its size.
  void give_back(void* block, std::size_t bytes) noexcept;
  /// Where in the file a byte of a block is.
  [[nodiscard]] file_place place_of(const void* at) const noexcept;

  /// The memory that a block takes.
  static constexpr std::size_t footprint(std::size_t bytes) noexcept { return pages(bytes) * page; }

  page_store(const page_store&) = delete;
  page_store& operator=(const page_store&) = delete;

private:
  static constexpr std::size_t pages(std::size_t bytes) noexcept { return (bytes + page - 1) / page; }

  struct state;
  std::unique_ptr<state> state_;
};

} // namespace rollcall::cache
