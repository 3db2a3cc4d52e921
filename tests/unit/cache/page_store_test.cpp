#include "rollcall/cache/page_store.hpp"
#include "rollcall/net/descriptor.hpp"

#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using rollcall::cache::page_store;
using rollcall::net::descriptor;

constexpr std::size_t page = page_store::page;
constexpr std::size_t size = 48 * 1024;

struct store : page_store {
  explicit store(std::size_t bytes = std::size_t{16} << 20) { open(bytes); }

  char* take_of(std::size_t bytes, char filling = 'x') {
    const std::string text(bytes, filling);
    const std::array parts{std::string_view(text).substr(0, bytes / 3), std::string_view(text).substr(bytes / 3)};
    return static_cast<char*>(take(parts));
  }
};

bool holds_only(const char* block, char c, std::size_t bytes = size) {
  return std::count(block, block + bytes, c) == static_cast<std::ptrdiff_t>(bytes);
}

/// Two ends of a TCP connection.
std::pair<descriptor, descriptor> connection() {
  const descriptor listening(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  descriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof where;
  auto* const address = reinterpret_cast<sockaddr*>(&where);
  BOOST_TEST_REQUIRE(::bind(listening.get(), address, length) == 0);
  BOOST_TEST_REQUIRE(::listen(listening.get(), 1) == 0);
  BOOST_TEST_REQUIRE(::getsockname(listening.get(), address, &length) == 0);
  BOOST_TEST_REQUIRE(::connect(client.get(), address, length) == 0);
  return {std::move(client), descriptor(::accept(listening.get(), nullptr, nullptr))};
}

void send_block(const page_store& s, const descriptor& to, const void* block) {
  const auto at = s.place_of(block);
  off_t offset = at.offset;
  BOOST_TEST_REQUIRE(::sendfile(to.get(), at.file, &offset, size) == static_cast<ssize_t>(size));
}

std::string receive(const descriptor& from) {
  std::string got(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const auto n = ::recv(from.get(), got.data() + have, size - have, 0);
    BOOST_TEST_REQUIRE(n > 0);
    have += static_cast<std::size_t>(n);
  }
  return got;
}

} // namespace

BOOST_AUTO_TEST_SUITE(page_stores)

// What a slow client has still to receive is what was sent, whatever has become of the list meanwhile.
BOOST_AUTO_TEST_CASE(what_is_on_its_way_is_not_written_to) {
  store s;
  const auto [ours, theirs] = connection();
  void* const first = s.take_of(size, 'a');
  BOOST_TEST_REQUIRE(first != nullptr);
  send_block(s, ours, first);
  s.give_back(first, size);
  void* const second = s.take_of(size, 'b');
  BOOST_TEST(second == first, "it is used again");
  BOOST_TEST(receive(theirs) == std::string(size, 'a'));
  send_block(s, ours, second);
  BOOST_TEST(receive(theirs) == std::string(size, 'b'));
  s.give_back(second, size);
}

BOOST_AUTO_TEST_CASE(a_block_has_the_bytes_that_it_was_given) {
  store s;
  const std::array<std::string_view, 3> parts{"head ", std::string_view(), "body"};
  const std::string filling(size, '.');
  const std::array all{parts[0], parts[1], std::string_view(filling), parts[2]};
  const auto* const block = static_cast<const char*>(s.take(all));
  BOOST_TEST_REQUIRE(block != nullptr);
  BOOST_TEST(std::string_view(block, size + 9) == "head " + filling + "body");
  char* const other = s.take_of(size, 'b');
  BOOST_TEST(s.place_of(other).offset - s.place_of(block).offset == other - block);
  BOOST_TEST(holds_only(other, 'b'));
  BOOST_TEST(std::string_view(block, size + 9) == "head " + filling + "body");
  s.give_back(other, size);
  s.give_back(const_cast<char*>(block), size + 9);
}

BOOST_AUTO_TEST_CASE(only_sizes_that_are_worth_it) {
  store s;
  BOOST_TEST(s.take({}) == nullptr);
  BOOST_TEST(s.take_of(page_store::least - 1) == nullptr);
  BOOST_TEST(s.take_of(page_store::most + 1) == nullptr);
  BOOST_TEST(s.take_of(4 * page + 1) == nullptr, "a fifth would be lost");
  for (const std::size_t bytes : {page_store::least, 5 * page - 1000, size + 1, page_store::most}) {
    void* const block = s.take_of(bytes);
    BOOST_TEST(block != nullptr, bytes);
    BOOST_TEST(page_store::footprint(bytes) <= bytes + bytes / 10);
    s.give_back(block, bytes);
  }
}

BOOST_AUTO_TEST_CASE(without_room_or_unopened_there_is_nothing) {
  page_store closed;
  BOOST_TEST(closed.take(std::array{std::string_view()}) == nullptr);
  closed.open(0);
  BOOST_TEST(closed.take(std::array{std::string_view()}) == nullptr);
  store small(page);
  BOOST_TEST(small.take_of(size) == nullptr);
  store s(size);
  std::vector<void*> taken;
  for (void* block = s.take_of(size); block != nullptr; block = s.take_of(size))
    taken.push_back(block);
  BOOST_TEST(taken.size() == 4U);
  BOOST_TEST(s.take_of(page_store::least) == nullptr);
  s.give_back(taken.back(), size);
  BOOST_TEST(s.take_of(size) == taken.back());
  for (void* const block : taken)
    s.give_back(block, size);
}

BOOST_AUTO_TEST_CASE(what_is_given_back_takes_no_memory) {
  store s;
  const auto resident = [&](const void* block) {
    std::vector<unsigned char> pages(size / page);
    BOOST_TEST_REQUIRE(::mincore(const_cast<void*>(block), size, pages.data()) == 0);
    return std::ranges::count_if(pages, [](unsigned char p) { return (p & 1U) != 0; });
  };
  void* const block = s.take_of(size);
  BOOST_TEST_REQUIRE(block != nullptr);
  BOOST_TEST(resident(block) == static_cast<std::ptrdiff_t>(size / page));
  s.give_back(block, size);
  BOOST_TEST(resident(block) == 0);
}

BOOST_AUTO_TEST_CASE(threads_take_and_give_back) {
  store s;
  const auto play = [&s](unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::pair<char*, std::size_t>> mine;
    for (int i = 0; i < 2'000; ++i) {
      if (mine.size() < 8 && random() % 2 == 0) {
        const auto bytes = page * (4 + random() % 13);
        if (char* const block = s.take_of(bytes, static_cast<char>(seed)))
          mine.emplace_back(block, bytes);
      } else if (!mine.empty()) {
        const auto [block, bytes] = mine.back();
        mine.pop_back();
        if (!holds_only(block, static_cast<char>(seed), bytes))
          return false;
        s.give_back(block, bytes);
      }
    }
    for (const auto& [block, bytes] : mine)
      s.give_back(block, bytes);
    return true;
  };
  bool good[4] = {};
  {
    std::vector<std::jthread> threads;
    for (unsigned n = 0; n < 4; ++n)
      threads.emplace_back([&, n] { good[n] = play(n + 1); });
  }
  BOOST_TEST(std::ranges::all_of(good, std::identity()));
}

BOOST_AUTO_TEST_SUITE_END()
