#include "../../../src/redis/slot_map.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace redis = rollcall::redis;
using redis::host_port;
using redis::read_slot_map;
using redis::reply;
using redis::slot_map;

namespace {

const host_port asked{"10.0.0.9", 7000};

reply text(std::string_view s) {
  return {reply::kind::text, std::string(s)};
}
reply number(std::int64_t n) {
  return reply(n);
}
reply node(std::string_view host, std::int64_t port) {
  return reply(std::vector<reply>{text(host), number(port), text("0123456789abcdef")});
}
reply row(std::int64_t first, std::int64_t last, std::vector<reply> nodes) {
  std::vector<reply> all{number(first), number(last)};
  for (auto& n : nodes) {
    all.push_back(std::move(n));
  }
  return reply(std::move(all));
}
reply rows(std::vector<reply> all) {
  return reply(std::move(all));
}

const host_port* owner(const slot_map& m, std::uint16_t slot) {
  const auto index = m.owner(slot);
  return index == slot_map::nobody ? nullptr : &m.masters()[index];
}

void refused(const reply& r, std::string_view why) {
  const auto m = read_slot_map(r, asked);
  BOOST_TEST(!m.has_value());
  BOOST_TEST((m ? "" : m.error()).find(why) != std::string::npos, (m ? "a map" : m.error()));
}

} // namespace

BOOST_AUTO_TEST_SUITE(redis_slot_map)

BOOST_AUTO_TEST_CASE(a_slot_belongs_to_the_first_node_of_its_row) {
  const auto m =
      read_slot_map(rows({row(0, 8191, {node("a", 1), node("c", 3)}), row(8192, 16383, {node("b", 2)})}), asked)
          .value();
  BOOST_TEST(m.complete());
  BOOST_TEST((*owner(m, 0) == host_port{"a", 1}));
  BOOST_TEST((*owner(m, 8191) == host_port{"a", 1}));
  BOOST_TEST((*owner(m, 8192) == host_port{"b", 2}));
  BOOST_TEST((*owner(m, 16383) == host_port{"b", 2}));
  BOOST_TEST(m.masters().size() == 2U);
  BOOST_TEST((m.replicas() == std::vector<host_port>{{"c", 3}}));
}

BOOST_AUTO_TEST_CASE(slots_in_no_row_are_nobodys) {
  const auto m = read_slot_map(rows({row(5, 5, {node("a", 1)})}), asked).value();
  BOOST_TEST(!m.complete());
  BOOST_TEST(owner(m, 4) == nullptr);
  BOOST_TEST(owner(m, 5) != nullptr);
  BOOST_TEST(owner(m, 6) == nullptr);
  BOOST_TEST(!slot_map().complete());
  BOOST_TEST(read_slot_map(rows({}), asked).value().masters().empty());
}

BOOST_AUTO_TEST_CASE(the_order_of_rows_and_replicas_makes_no_difference) {
  const auto one = row(0, 99, {node("a", 1), node("c", 3), node("d", 4)});
  const auto turned = row(0, 99, {node("a", 1), node("d", 4), node("c", 3)});
  const auto other = row(100, 199, {node("b", 2)});
  BOOST_TEST((read_slot_map(rows({one, other}), asked).value() == read_slot_map(rows({other, turned}), asked).value()));
}

BOOST_AUTO_TEST_CASE(no_host_is_the_one_that_was_asked) {
  const auto empty = read_slot_map(rows({row(0, 1, {node("", 7001)})}), asked).value();
  BOOST_TEST((*owner(empty, 0) == host_port{"10.0.0.9", 7001}));
  const auto nil = reply(std::vector<reply>{reply(), number(7002)});
  const auto unknown = read_slot_map(rows({row(0, 1, {nil})}), asked).value();
  BOOST_TEST((*owner(unknown, 0) == host_port{"10.0.0.9", 7002}));
}

BOOST_AUTO_TEST_CASE(names_are_taken_as_they_are) {
  const auto m =
      read_slot_map(rows({row(0, 0, {node("redis-0.cache", 6379)}), row(1, 1, {node("fe80::1", 1)})}), asked).value();
  BOOST_TEST(owner(m, 0)->host == "redis-0.cache");
  BOOST_TEST(owner(m, 1)->host == "fe80::1");
}

BOOST_AUTO_TEST_CASE(a_master_that_cannot_be_reached_owns_nothing) {
  for (const auto& bad : {node("?", 1), node("a", 0), node("a", 65536), node("a", -1), node("a b", 1), node("a\n", 1),
                          node(std::string(254, 'a'), 1), node("caf\xc3\xa9", 1), reply(std::vector<reply>{text("a")}),
                          reply(std::vector<reply>{text("a"), text("1")}), text("a")}) {
    const auto m = read_slot_map(rows({row(0, 9, {bad}), row(10, 19, {node("b", 2)})}), asked).value();
    BOOST_TEST(owner(m, 0) == nullptr);
    BOOST_TEST(owner(m, 10) != nullptr);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_map_is_refused) {
  refused(text("hello"), "no list");
  refused(rows(std::vector<reply>(16385, row(0, 0, {node("a", 1)}))), "no list");
  for (const auto& bad :
       {text("0-5"), row(0, 5, {}), row(-1, 5, {node("a", 1)}), row(5, 4, {node("a", 1)}),
        row(0, 16384, {node("a", 1)}), row(0, INT64_MAX, {node("a", 1)}), row(INT64_MIN, 0, {node("a", 1)}),
        reply(std::vector<reply>{text("0"), number(5), node("a", 1)})}) {
    refused(rows({bad}), "a row that is none");
  }
}

BOOST_AUTO_TEST_CASE(a_slot_with_two_masters_is_refused) {
  refused(rows({row(0, 100, {node("a", 1)}), row(100, 200, {node("b", 2)})}), "two masters");
  refused(rows({row(50, 50, {node("b", 2)}), row(0, 100, {node("a", 1)})}), "slots from 0 on have two masters");
}

BOOST_AUTO_TEST_CASE(more_masters_than_anybody_has_are_refused) {
  std::vector<reply> all;
  for (int i = 0; i < static_cast<int>(slot_map::masters_most); ++i) {
    all.push_back(row(i, i, {node("a", 1 + i)}));
  }
  BOOST_TEST(read_slot_map(rows(all), asked).value().masters().size() == slot_map::masters_most);
  all.push_back(row(5000, 5000, {node("b", 1)}));
  refused(rows(all), "more than 128 masters");
}

BOOST_AUTO_TEST_CASE(replicas_are_remembered_up_to_a_number) {
  std::vector<reply> nodes;
  for (int i = 1; i < 2000; ++i) {
    nodes.push_back(node("a", i));
  }
  BOOST_TEST(read_slot_map(rows({row(0, 1, nodes)}), asked).value().replicas().size() == 256U);
}

BOOST_AUTO_TEST_CASE(a_redirection_moves_one_slot) {
  auto m = read_slot_map(rows({row(0, 9, {node("a", 1)}), row(10, 16383, {node("b", 2)})}), asked).value();
  BOOST_TEST(m.learn(5, {"b", 2}));
  BOOST_TEST((*owner(m, 5) == host_port{"b", 2}));
  BOOST_TEST((*owner(m, 4) == host_port{"a", 1}));
  BOOST_TEST(m.masters().size() == 2U);
  BOOST_TEST(m.learn(6, {"c", 3}));
  BOOST_TEST((m.masters().back() == host_port{"c", 3}));
}

BOOST_AUTO_TEST_CASE(redirections_do_not_let_a_map_grow_for_ever) {
  slot_map m;
  for (std::uint16_t i = 1; i <= slot_map::masters_most; ++i) {
    BOOST_TEST(m.learn(0, {"a", i}));
  }
  const auto last = *owner(m, 0);
  BOOST_TEST(!m.learn(0, {"b", 1}));
  BOOST_TEST((*owner(m, 0) == last));
  BOOST_TEST(m.learn(1, last));
}

BOOST_AUTO_TEST_CASE(the_state_of_a_cluster_is_read_from_its_text) {
  const auto s = redis::read_cluster_info("cluster_state:ok\r\ncluster_slots_ok:16384\r\ncluster_current_epoch:17\r\n"
                                          "cluster_my_epoch:3\r\n");
  BOOST_TEST(s.ok);
  BOOST_TEST(s.epoch == 17U);
  const auto down = redis::read_cluster_info("cluster_state:fail\r\ncluster_current_epoch:17\r\n");
  BOOST_TEST(!down.ok);
  for (std::string_view rubbish : {"", "cluster_state", "cluster_state:okay", "cluster_current_epoch:-1", "\n\n",
                                   "cluster_current_epoch:99999999999999999999999", "xcluster_state:ok"}) {
    const auto nothing = redis::read_cluster_info(rubbish);
    BOOST_TEST(!nothing.ok, rubbish);
    BOOST_TEST(nothing.epoch == 0U, rubbish);
  }
}

BOOST_AUTO_TEST_SUITE_END()
