#include "rollcall/ops/config.hpp"

#include "../../../src/ops/rules.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <tuple>
#include <vector>

using namespace rollcall::ops;

namespace {

const auto documented = std::filesystem::path{__FILE__}.parent_path() / "../../../conf/rollcall.toml";

/// All of it. The bindings name every member, so a member that is added and forgotten here does not compile.
auto everything(const config& c) {
  const auto& [server, admin, cache, invalidate, events, redis, upstream, log] = c;
  const auto& [listen, threads, connections, in_flight, buffered, head, body, idle, write, drain] = server;
  const auto& [admin_listen] = admin;
  const auto& [fresh, revalidate, if_error, failure, jitter, early_refresh, memory] = cache;
  const auto& [paths] = invalidate;
  const auto& [forward] = events;
  const auto& [url, redis_timeout, name_space, redis_ca] = redis;
  const auto& [timeout, connect_timeout, dns_ttl, eject_after, eject_for, eject_for_most, probe, probe_interval, ca,
               spacing, spacing_jitter, per_wid, concurrency, least, retries, instances] = upstream;
  const auto& [level, access] = log;
  std::vector<std::tuple<std::string, std::vector<std::string>>> instances_copy;
  for (const auto& [instance_url, wids] : instances)
    instances_copy.emplace_back(instance_url, wids);
  return std::tuple{
      std::tuple{listen.to_string(), threads, connections, in_flight, buffered, head, body, idle, write, drain},
      admin_listen.to_string(),
      std::tuple{fresh, revalidate, if_error, failure, jitter, early_refresh, memory},
      std::tuple{url, redis_timeout, name_space, redis_ca},
      std::tuple{timeout, connect_timeout, dns_ttl, eject_after, eject_for, eject_for_most, probe, probe_interval, ca,
                 instances_copy},
      std::tuple{spacing, spacing_jitter, per_wid, concurrency, least, retries},
      std::tuple{level, access},
      std::tuple{paths, forward},
  };
}

/// `section.key` of every assignment in the file, as text, independent of the reader under test.
std::set<std::string> assigned_keys() {
  std::ifstream in{documented};
  std::set<std::string> keys;
  std::string section;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('['))
      section = line.substr(line.find_first_not_of('['), line.find(']') - line.find_first_not_of('['));
    else if (const auto equals = line.find(" = "); equals != std::string::npos && !line.starts_with('#'))
      keys.insert(section + "." + line.substr(0, equals));
  }
  return keys;
}

/// Those, and tables that may occur several times, whose comment says so.
std::set<std::string> said_to_need_a_restart() {
  std::ifstream in{documented};
  std::set<std::string> keys;
  std::string section;
  bool said = false; // by the comment right above
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) {
      said = said || line.contains("Needs a restart.");
      continue;
    }
    if (line.starts_with('['))
      section = line.substr(line.find_first_not_of('['), line.find(']') - line.find_first_not_of('['));
    if (said)
      keys.insert(line.starts_with('[') ? section : section + "." + line.substr(0, line.find(" = ")));
    said = false;
  }
  return keys;
}

template <typename Target>
void collect(const std::vector<rule<Target>>& rules, std::set<std::string>& into) {
  for (const auto& each : rules)
    into.insert(std::string{each.section} + "." + std::string{each.name});
}

} // namespace

BOOST_AUTO_TEST_SUITE(documented_config)

BOOST_AUTO_TEST_CASE(the_documented_file_changes_nothing) {
  const auto from_file = everything(load_config(documented));
  const auto built_in = everything(config{});
  BOOST_CHECK(std::get<0>(from_file) == std::get<0>(built_in));
  BOOST_CHECK(std::get<1>(from_file) == std::get<1>(built_in));
  BOOST_CHECK(std::get<2>(from_file) == std::get<2>(built_in));
  BOOST_CHECK(std::get<3>(from_file) == std::get<3>(built_in));
  BOOST_CHECK(std::get<4>(from_file) == std::get<4>(built_in));
  BOOST_CHECK(std::get<5>(from_file) == std::get<5>(built_in));
  BOOST_CHECK(std::get<6>(from_file) == std::get<6>(built_in));
  BOOST_CHECK(std::get<7>(from_file) == std::get<7>(built_in));
}

BOOST_AUTO_TEST_CASE(the_documented_file_has_every_key_and_no_other) {
  std::set<std::string> known;
  collect(config_rules(), known);
  collect(instance_rules(), known);
  const auto written = assigned_keys();
  BOOST_CHECK_EQUAL_COLLECTIONS(written.begin(), written.end(), known.begin(), known.end());
}

BOOST_AUTO_TEST_CASE(the_documented_file_says_which_keys_need_a_restart) {
  std::set<std::string> fixed;
  for (const auto& each : config_rules())
    if (!each.live)
      fixed.insert(std::string{each.section} + "." + std::string{each.name});
  if (!instances_are_live)
    fixed.insert("upstream.instance");
  const auto said = said_to_need_a_restart();
  BOOST_CHECK_EQUAL_COLLECTIONS(said.begin(), said.end(), fixed.begin(), fixed.end());
}

BOOST_AUTO_TEST_SUITE_END()
