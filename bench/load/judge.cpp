#include "load/judge.hpp"

#include "load/questions.hpp"

#include <libdeflate.h>

#include <algorithm>

namespace rollcall::load {
namespace {

constexpr std::uint64_t inflate_one_in = 64;
constexpr std::uint32_t most_versions = 16; // looked at; a question that spans more was asked a long time ago

} // namespace

judge::judge(const catalogue& questions, const town* people, const versions* changes)
    : questions_(questions), town_(people), versions_(changes),
      gzip_(libdeflate_alloc_decompressor(), libdeflate_free_decompressor), inflated_(1 << 20) {}

judge::~judge() = default;

verdict judge::look(const asked& q, const answer_head& head, std::string_view body) {
  if (q.what == asked::kind::write) {
    return confirms(body) ? verdict::right : verdict::wrong;
  }
  if (!head.gzip) {
    return compare(q, body);
  }
  const auto& expected = questions_.truth_of(q.question);
  const bool changed = versions_ != nullptr && q.what == asked::kind::list && versions_->newest(q.question) != 0;
  if (!changed && !expected.matches_gzip(body)) {
    return verdict::wrong;
  }
  if (expected.known() && (changed || compressed_seen_++ % inflate_one_in == 0)) {
    const auto plain = inflate(body);
    return plain ? compare(q, *plain) : verdict::wrong;
  }
  return verdict::right;
}

verdict judge::compare(const asked& q, std::string_view body) const {
  const auto& expected = questions_.truth_of(q.question);
  const bool changes = versions_ != nullptr && q.what == asked::kind::list;
  const auto newest = changes ? versions_->newest(q.question) : 0;
  if (newest == 0 || !expected.known()) {
    return expected.matches(body) ? verdict::right : verdict::wrong;
  }
  const auto shows = [&](std::uint32_t version) {
    return expected.matches(body, version % 2 == 0 ? std::string() : newcomer_in(version, *town_, q.question));
  };
  for (auto version = std::max(q.version, newest - std::min(newest, most_versions)); version <= newest; ++version) {
    if (shows(version)) {
      return verdict::right;
    }
  }
  for (auto back = std::uint32_t{1}; back <= std::min(q.version, most_versions); ++back) {
    if (shows(q.version - back)) {
      return verdict::outdated;
    }
  }
  return verdict::wrong;
}

std::optional<std::string_view> judge::inflate(std::string_view member) {
  for (;;) {
    std::size_t size = 0;
    const auto outcome = libdeflate_gzip_decompress(gzip_.get(), member.data(), member.size(), inflated_.data(),
                                                    inflated_.size(), &size);
    if (outcome == LIBDEFLATE_SUCCESS) {
      return std::string_view(inflated_.data(), size);
    }
    if (outcome != LIBDEFLATE_INSUFFICIENT_SPACE || inflated_.size() >= largest_body) {
      return std::nullopt;
    }
    inflated_.resize(2 * inflated_.size());
  }
}

} // namespace rollcall::load
