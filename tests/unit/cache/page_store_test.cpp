#include "rollcall/cache/page_store.hpp"

#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using rollcall::cache::page_store;

constexpr std::size_t page = page_store::page;
constexpr std::size_t size = 48 * 1024;

struct store : page_store {
  explicit store(std::size_t bytes = std::size_t{16} << 20) { open(bytes); }
};

class descriptor {
public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (number_ >= 0)
      ::close(number_);
  }
  int get() const { return number_; }

private:
  int number_;
};

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
  void* const first = s.take(size);
  BOOST_TEST_REQUIRE(first != nullptr);
  std::memset(first, 'a', size);
  send_block(s, ours, first);
  s.give_back(first, size);
  void* const second = s.take(size);
  BOOST_TEST(second == first, "it is used again");
  std::memset(second, 'b', size);
  BOOST_TEST(receive(theirs) == std::string(size, 'a'));
  send_block(s, ours, second);
  BOOST_TEST(receive(theirs) == std::string(size, 'b'));
  s.give_back(second, size);
}

BOOST_AUTO_TEST_CASE(blocks_are_new_and_apart) {
  store s;
  char* const first = static_cast<char*>(s.take(size));
  char* const second = static_cast<char*>(s.take(size));
  BOOST_TEST_REQUIRE((first != nullptr && second != nullptr));
  std::memset(first, 'a', size);
  std::memset(second, 'b', size);
  BOOST_TEST(std::count(first, first + size, 'a') == static_cast<std::ptrdiff_t>(size));
  BOOST_TEST(s.place_of(second).offset - s.place_of(first).offset == second - first);
  s.give_back(first, size);
  char* const third = static_cast<char*>(s.take(size));
  BOOST_TEST(std::count(third, third + size, '\0') == static_cast<std::ptrdiff_t>(size));
  BOOST_TEST(std::count(second, second + size, 'b') == static_cast<std::ptrdiff_t>(size));
  s.give_back(second, size);
  s.give_back(third, size);
}

BOOST_AUTO_TEST_CASE(only_sizes_that_are_worth_it) {
  store s;
  BOOST_TEST(s.take(0) == nullptr);
  BOOST_TEST(s.take(page_store::least - 1) == nullptr);
  BOOST_TEST(s.take(page_store::most + 1) == nullptr);
  BOOST_TEST(s.take(4 * page + 1) == nullptr, "a fifth would be lost");
  for (const std::size_t bytes : {page_store::least, 5 * page - 1000, size + 1, page_store::most}) {
    void* const block = s.take(bytes);
    BOOST_TEST(block != nullptr, bytes);
    BOOST_TEST(page_store::footprint(bytes) <= bytes + bytes / 10);
    s.give_back(block, bytes);
  }
}

BOOST_AUTO_TEST_CASE(without_room_or_unopened_there_is_nothing) {
  page_store closed;
  BOOST_TEST(closed.take(size) == nullptr);
  closed.open(0);
  BOOST_TEST(closed.take(size) == nullptr);
  store small(page);
  BOOST_TEST(small.take(size) == nullptr);
  store s(size);
  std::vector<void*> taken;
  for (void* block = s.take(size); block != nullptr; block = s.take(size))
    taken.push_back(block);
  BOOST_TEST(taken.size() == 4U);
  BOOST_TEST(s.take(page_store::least) == nullptr);
  s.give_back(taken.back(), size);
  BOOST_TEST(s.take(size) == taken.back());
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
  void* const block = s.take(size);
  BOOST_TEST_REQUIRE(block != nullptr);
  std::memset(block, 'a', size);
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
        if (auto* const block = static_cast<char*>(s.take(bytes))) {
          std::memset(block, static_cast<int>(seed), bytes);
          mine.emplace_back(block, bytes);
        }
      } else if (!mine.empty()) {
        const auto [block, bytes] = mine.back();
        mine.pop_back();
        if (std::count(block, block + bytes, static_cast<char>(seed)) != static_cast<std::ptrdiff_t>(bytes))
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
