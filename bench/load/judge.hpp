#pragma once

#include "load/answer_head.hpp"
#include "load/catalogue.hpp"
#include "load/connection.hpp"
#include "load/town.hpp"
#include "load/versions.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

struct libdeflate_decompressor;

namespace rollcall::load {

enum class verdict : std::uint8_t { right, outdated, wrong };

/// Holds answers against what they have to be. One a thread; what it refers to has to live as long. `town` and
/// `changes` are null where nothing changes.
class judge {
public:
  judge(const catalogue& questions, const town* people, const versions* changes);
  judge(judge&&) = delete;
  ~judge();

  /// Of an answer with status 200 that has just come. Compressed ones are known by their trailer, one in 64 of them,
  /// and all that may show a change, by what they inflate to.
  verdict look(const asked& q, const answer_head& head, std::string_view body);

private:
  [[nodiscard]] verdict compare(const asked& q, std::string_view body) const;
  std::optional<std::string_view> inflate(std::string_view member);

  const catalogue& questions_;
  const town* town_;
  const versions* versions_;
  std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)> gzip_;
  std::vector<char> inflated_;
  std::uint64_t compressed_seen_ = 0;
};

} // namespace rollcall::load
