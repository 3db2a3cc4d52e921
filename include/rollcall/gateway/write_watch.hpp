#pragma once

#include "rollcall/api/answer.hpp"
#include "rollcall/api/change.hpp"
#include "rollcall/cache/scope.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace rollcall::gateway {

/// Looks over the shoulder of one write on its way to the upstream and back: what it is about, and what became of it.
/// Keeps copies of both bodies up to `most` bytes; beyond that a body counts as unreadable.
class write_watch {
public:
  static constexpr std::size_t most = std::size_t{64} << 10;

  void request_piece(std::string_view piece) { request_.add(piece); }
  void answered(unsigned status, std::string_view content_encoding);
  void answer_piece(std::string_view piece) { answer_.add(piece); }
  void answer_is_whole() { whole_ = true; }

  /// What to purge, asked for once, when the exchange is over however it ended. A write that may have been carried out
  /// counts as one that was: a purge too many costs a call, one too few shows a bot what is no longer so. Nothing when
  /// it was refused, or when its body does not tell what it is about.
  std::optional<cache::scope> dropped_by(api::change_parser& changes, api::answer_parser& answers);

  /// Whether that has been asked.
  [[nodiscard]] bool settled() const noexcept { return settled_; }

private:
  struct copy {
    void add(std::string_view piece);
    std::string bytes;
    bool too_large = false;
  };

  copy request_;
  copy answer_;
  unsigned status_ = 0;
  std::string coding_;
  bool whole_ = false;
  bool settled_ = false;
};

} // namespace rollcall::gateway
