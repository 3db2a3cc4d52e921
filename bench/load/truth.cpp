#include "load/truth.hpp"

#include <libdeflate.h>
#include <xxhash.h>

#include <cstring>

namespace rollcall::load {
namespace {

constexpr std::string_view end_of_list = "]}";
constexpr std::size_t gzip_head = 10;
constexpr std::size_t gzip_trailer = 8;

std::uint32_t little_endian(std::string_view four) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(four[i]);
  }
  return value;
}

} // namespace

truth::truth(std::string_view body, bool keep)
    : kept_(keep ? body.data() : nullptr), size_(static_cast<std::uint32_t>(body.size())),
      crc_(libdeflate_crc32(0, body.data(), body.size())),
      hash_(keep ? 0 : XXH3_64bits(body.data(), body.size() - end_of_list.size())) {}

bool truth::matches(std::string_view body, std::string_view more) const noexcept {
  if (!known()) {
    return true;
  }
  if (body.size() != size_ + more.size()) {
    return false;
  }
  const auto members = body.substr(0, size_ - end_of_list.size());
  const bool same = kept_ != nullptr ? std::memcmp(members.data(), kept_, members.size()) == 0
                                     : XXH3_64bits(members.data(), members.size()) == hash_;
  const auto rest = body.substr(members.size());
  return same && rest.starts_with(more) && rest.substr(more.size()) == end_of_list;
}

bool truth::matches_gzip(std::string_view member) const noexcept {
  if (!known()) {
    return true;
  }
  if (member.size() < gzip_head + gzip_trailer || !member.starts_with("\x1f\x8b")) {
    return false;
  }
  const auto trailer = member.substr(member.size() - gzip_trailer);
  return little_endian(trailer) == crc_ && little_endian(trailer.substr(4)) == size_;
}

} // namespace rollcall::load
