#pragma once

#include "rollcall/cache/entry.hpp"

#include "upstream/room.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::cache_bench {

/// A list as the stand-in answers with it, and as it is kept for those who accept gzip; empty when it is too small.
struct rendered {
  std::string plain;
  std::string gzip;

  rendered(standin::room_sizes sizes, std::uint64_t number)
      : plain(standin::render_room({.seed = 1, .sizes = sizes, .style = {}}, fmt::format("{}@chatroom", number),
                                   standin::naming::first)) {
    if (plain.size() > cache::compress_above)
      gzip = cache::gzip_compress(plain);
  }
};

/// Different ones, to be used in turn: rendering takes longer than all that is to be measured.
inline std::vector<rendered> render_some(standin::room_sizes sizes, std::size_t count) {
  std::vector<rendered> made;
  made.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    made.emplace_back(sizes, i);
  return made;
}

/// Ids as long as the platform's: 36 bytes of account, 20 of room.
inline cache::identity identity_of(std::uint64_t number) {
  return {"0123456789abcdef", "wcId", fmt::format("{:08x}-0000-4000-8000-{:012x}", number % 1000, number % 1000),
          fmt::format("{:011}@chatroom", number)};
}

/// An entry of its own, all of it, made in the order in which the gateway makes it; without its gzip variant.
inline std::shared_ptr<cache::entry> entry_of(std::uint64_t number, std::string_view body) {
  auto e = std::make_shared<cache::entry>();
  const auto id = identity_of(number);
  e->id = id; // copied, as a question's is: without the spare room of a text that grew
  e->version = number + 1;
  e->serve_until = cache::time_point(cache::milliseconds(1));
  e->plain = cache::variant::make("application/json;charset=UTF-8", "", body);
  return e;
}

/// The same with its gzip variant, as another entry that shares the first one's body.
inline cache::entry_ptr with_gzip(const cache::entry& e, std::string_view gzip) {
  auto with = std::make_shared<cache::entry>(e);
  with->gzip = cache::variant::make(e.plain->content_type(), "gzip", gzip);
  return with;
}

} // namespace rollcall::cache_bench
