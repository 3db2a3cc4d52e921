#include "rollcall/net/outbox.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(net_outbox)

using rollcall::net::outbox;

namespace {

/// What the kernel would get next: all of it, but for what is in a file, which goes by itself.
std::string flat(outbox& box) {
  std::string all;
  if (const auto f = box.file())
    return std::string(f->bytes);
  for (const auto& b : box.buffers())
    all.append(static_cast<const char*>(b.iov_base), b.iov_len);
  return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(text_and_shared_bytes_leave_in_order) {
  outbox box;
  BOOST_TEST(box.empty());
  const auto body = std::make_shared<const std::string>("body");
  box.append("head ");
  box.append("more ");
  box.append_shared(*body, body);
  box.append(" tail");
  BOOST_TEST(!box.empty());
  BOOST_TEST(box.size() == 19U);
  BOOST_TEST(flat(box) == "head more body tail");
  box.consume(12);
  BOOST_TEST(flat(box) == "dy tail");
  box.consume(7);
  BOOST_TEST(box.empty());
  BOOST_TEST(box.buffers().empty());
}

BOOST_AUTO_TEST_CASE(shared_bytes_are_not_copied_and_live_until_they_are_written) {
  outbox box;
  auto body = std::make_shared<const std::string>(100, 'x');
  const std::weak_ptr<const std::string> alive = body;
  const void* const where = body->data();
  box.append("head");
  box.append_shared(*body, std::move(body));
  BOOST_TEST(!alive.expired());
  BOOST_TEST(box.buffers()[1].iov_base == where);
  box.consume(103);
  BOOST_TEST(!alive.expired());
  box.consume(1);
  BOOST_TEST(alive.expired());
}

BOOST_AUTO_TEST_CASE(what_is_in_a_file_goes_by_itself) {
  outbox box;
  auto body = std::make_shared<const std::string>(100, 'x');
  const std::weak_ptr<const std::string> alive = body;
  box.append("head");
  box.append_file({7, 1'000, *body}, std::move(body));
  box.append("next");
  BOOST_TEST(!box.file());
  BOOST_TEST(flat(box) == "head");
  BOOST_TEST(box.file_follows());
  box.consume(4);
  BOOST_TEST_REQUIRE(box.file().has_value());
  BOOST_TEST(box.file()->file == 7);
  BOOST_TEST(box.file()->offset == 1'000);
  BOOST_TEST(box.file()->bytes.size() == 100U);
  box.consume(30);
  BOOST_TEST(box.file()->offset == 1'030);
  BOOST_TEST(box.file()->bytes.size() == 70U);
  BOOST_TEST(!alive.expired());
  box.consume(70);
  BOOST_TEST(alive.expired());
  BOOST_TEST(!box.file());
  BOOST_TEST(flat(box) == "next");
  BOOST_TEST(!box.file_follows());
  box.consume(4);
  BOOST_TEST(box.empty());
  BOOST_TEST(!box.file());
}

BOOST_AUTO_TEST_CASE(consuming_nothing_loses_nothing) {
  outbox box;
  box.append("text");
  box.consume(0);
  BOOST_TEST(flat(box) == "text");
  box.consume(0);
  BOOST_TEST(flat(box) == "text");
}

BOOST_AUTO_TEST_CASE(it_is_the_same_as_a_string) {
  std::mt19937 random(3);
  for (int round = 0; round < 1000; ++round) {
    outbox box;
    std::string model;
    for (int i = 0; i < 100; ++i) {
      const std::string text(random() % 40, static_cast<char>('a' + random() % 26));
      switch (random() % 6) {
      case 0:
      case 1:
        box.append(text);
        model += text;
        break;
      case 2: {
        const auto shared = std::make_shared<const std::string>(text);
        box.append_shared(*shared, shared);
        model += text;
        break;
      }
      case 3: {
        const auto shared = std::make_shared<const std::string>(text);
        box.append_file({1, 0, *shared}, shared);
        model += text;
        break;
      }
      case 4: { // as a write does: what is consumed is in the buffers
        const auto gathered = flat(box);
        BOOST_REQUIRE(model.starts_with(gathered));
        BOOST_REQUIRE(box.empty() || box.file() || !box.buffers().empty());
        const auto n = random() % 3 == 0 ? gathered.size() : random() % (gathered.size() + 1);
        box.consume(n);
        model.erase(0, n);
        break;
      }
      default: {
        const auto n = random() % (model.size() + 1);
        box.consume(n);
        model.erase(0, n);
      }
      }
      BOOST_REQUIRE_EQUAL(box.size(), model.size());
    }
    while (!box.empty()) {
      const auto gathered = flat(box);
      BOOST_REQUIRE(model.starts_with(gathered));
      model.erase(0, gathered.size());
      box.consume(gathered.size());
    }
    BOOST_REQUIRE(model.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_gather_write_has_no_more_parts_than_the_kernel_takes) {
  outbox box;
  const auto one = std::make_shared<const std::string>("x");
  for (int i = 0; i < 5000; ++i) {
    box.append_shared(*one, one);
    box.append("y");
  }
  std::size_t written = 0;
  while (!box.empty()) {
    const auto& parts = box.buffers();
    BOOST_REQUIRE_LE(parts.size(), 1024U);
    BOOST_REQUIRE_GT(parts.size(), 0U);
    std::size_t n = 0;
    for (const auto& p : parts)
      n += p.iov_len;
    written += n;
    box.consume(n);
  }
  BOOST_TEST(written == 10'000U);
}

BOOST_AUTO_TEST_SUITE_END()
