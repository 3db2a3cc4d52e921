// What the parsers allocate and keep, counted by replacing operator new for this whole program.

#include "rollcall/api/answer.hpp"
#include "rollcall/api/change.hpp"
#include "rollcall/api/event.hpp"
#include "rollcall/api/query.hpp"

#include "samples.hpp"

#include <boost/test/unit_test.hpp>
#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <variant>

using namespace rollcall::api;
using namespace rollcall::api::test;

namespace {

std::size_t allocations = 0;
std::size_t live_bytes = 0;

void* counted_allocation(std::size_t size) noexcept {
  void* const p = std::malloc(size);
  ++allocations;
  live_bytes += malloc_usable_size(p);
  return p;
}

void counted_free(void* p) noexcept {
  live_bytes -= malloc_usable_size(p);
  std::free(p);
}

void* or_throw(void* p) {
  if (p == nullptr)
    throw std::bad_alloc();
  return p;
}

} // namespace

void* operator new(std::size_t size) {
  return or_throw(counted_allocation(size));
}
void* operator new[](std::size_t size) {
  return or_throw(counted_allocation(size));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted_allocation(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted_allocation(size);
}
void operator delete(void* p) noexcept {
  counted_free(p);
}
void operator delete[](void* p) noexcept {
  counted_free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  counted_free(p);
}
void operator delete[](void* p, std::size_t) noexcept {
  counted_free(p);
}
void operator delete(void* p, const std::nothrow_t&) noexcept {
  counted_free(p);
}
void operator delete[](void* p, const std::nothrow_t&) noexcept {
  counted_free(p);
}

BOOST_AUTO_TEST_SUITE(parser_memory)

BOOST_AUTO_TEST_CASE(a_query_costs_no_allocation) {
  query_parser parser;
  const padded body(documented_request);
  const std::size_t before = allocations;
  bool always = true;
  for (int i = 0; i < 1000; ++i)
    always = always && std::holds_alternative<query>(parser.parse(body.view()));
  const std::size_t after = allocations;
  BOOST_TEST(always);
  BOOST_TEST(after == before);
}

BOOST_AUTO_TEST_CASE(refusing_a_body_costs_no_allocation_once_warm) {
  query_parser parser;
  const padded body(R"({"wId":"w","wcId":"r","x":)");
  (void)parser.parse(body.view());
  const std::size_t before = allocations;
  for (int i = 0; i < 1000; ++i)
    (void)parser.parse(body.view());
  const std::size_t after = allocations;
  BOOST_TEST(after == before);
}

BOOST_AUTO_TEST_CASE(an_answer_of_16_MiB_leaves_no_large_buffers) {
  answer_parser parser;
  const padded body(R"({"code":1000,"data":[")" + std::string(16u << 20, 'x') + "\"]}");
  const std::size_t before = live_bytes;
  const bool success = parser.classify(body.view()).kind == answer_kind::success;
  const std::size_t kept = live_bytes - before;
  BOOST_TEST(success);
  BOOST_TEST(kept < 64u * 1024);
}

BOOST_AUTO_TEST_CASE(an_answer_that_had_to_be_mended_leaves_no_large_buffers) {
  answer_parser parser;
  const padded body(R"({"code":1000,"data":["\ud83e)" + std::string(16u << 20, 'x') + "\"]}");
  const std::size_t before = live_bytes;
  const bool success = parser.classify(body.view()).kind == answer_kind::success;
  const std::size_t kept = live_bytes - before;
  BOOST_TEST(success);
  BOOST_TEST(kept < 64u * 1024);
}

BOOST_AUTO_TEST_CASE(a_write_or_callback_of_16_MiB_leaves_no_large_buffers) {
  change_parser changes;
  event_parser callbacks;
  const padded body(R"({"wId":"w","messageType":4,"x":")" + std::string(16u << 20, 'x') + "\"}");
  const std::size_t before = live_bytes;
  const bool changed = changes.parse(body.view()).has_value();
  const bool happened = callbacks.parse(body.view()).has_value();
  const std::size_t kept = live_bytes - before;
  BOOST_TEST(changed);
  BOOST_TEST(happened);
  BOOST_TEST(kept < 64u * 1024);
}

BOOST_AUTO_TEST_CASE(a_body_of_16_MiB_leaves_no_large_buffers_after_the_next) {
  query_parser parser;
  const padded large(std::string(documented_request) + std::string(16u << 20, ' '));
  const padded small(documented_request);
  const std::size_t before = live_bytes;
  const std::string said = line(parser.parse(large.view()));
  const std::string again = line(parser.parse(small.view()));
  BOOST_TEST(said == again);
  BOOST_TEST(live_bytes - before < 64u * 1024);
}

BOOST_AUTO_TEST_SUITE_END()
