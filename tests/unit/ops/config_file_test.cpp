#include "rollcall/ops/config.hpp"

#include "scratch_file.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <random>
#include <string>

using namespace rollcall::ops;
using namespace std::chrono_literals;

namespace {

config loaded(std::string_view text) {
  const scratch_file file{text};
  return load_config(file.path());
}

/// The message for a file, without the file's name; empty when the file is right.
std::string complaint(std::string_view text) {
  const scratch_file file{text};
  try {
    load_config(file.path());
  } catch (const config_error& error) {
    const std::string what = error.what();
    BOOST_CHECK_MESSAGE(what.starts_with(file.path() + ":"), what);
    BOOST_CHECK_MESSAGE(!what.contains('\n'), what);
    return what.substr(file.path().size() + 1);
  }
  return {};
}

/// The message for `line`, which is line 3 of a file.
std::string complaint_in(std::string_view section, std::string_view line) {
  return complaint(fmt::format("# a comment\n[{}]\n{}\n", section, line));
}

void check_starts(const std::string& what, std::string_view with) {
  BOOST_CHECK_MESSAGE(what.starts_with(with), "\"" << what << "\" does not start with \"" << with << "\"");
}

} // namespace

BOOST_AUTO_TEST_SUITE(config_file)

BOOST_AUTO_TEST_CASE(every_key_is_read) {
  const auto c = loaded(R"(
[server]
listen = "127.0.0.1:1"
threads = 3
max_connections = 5
head_timeout = "1s"
body_timeout = "2s"
idle_timeout = "3s"
write_timeout = "4s"
drain_timeout = "0ms"
[admin]
listen = "[::1]:2"
[cache]
fresh = "6s"
stale_while_revalidate = "0s"
stale_if_error = "720h"
failure = "9ms"
jitter = 0
early_refresh = 2.5
memory = "0"
[invalidate]
paths = ["/quitChatRoom", "/x/y%20z"]
[events]
forward = "http://bot:7000/callback?token=t"
[redis]
url = "rediss://me:secret@r:1/2"
timeout = "10ms"
namespace = "test.A_b-9"
[upstream]
timeout = "11s"
connect_timeout = "12ms"
[[upstream.instance]]
url = "http://a:1"
wids = ["x", "y"]
[[upstream.instance]]
url = "https://b/base/"
[log]
level = "debug"
access = true
)");
  BOOST_CHECK_EQUAL(c.server.listen.to_string(), "127.0.0.1:1");
  BOOST_CHECK_EQUAL(c.server.threads, 3U);
  BOOST_CHECK_EQUAL(c.server.max_connections, 5U);
  BOOST_CHECK(c.server.head_timeout == 1s);
  BOOST_CHECK(c.server.body_timeout == 2s);
  BOOST_CHECK(c.server.idle_timeout == 3s);
  BOOST_CHECK(c.server.write_timeout == 4s);
  BOOST_CHECK(c.server.drain_timeout == 0s);
  BOOST_CHECK_EQUAL(c.admin.listen.to_string(), "[::1]:2");
  BOOST_CHECK(c.cache.fresh == 6s);
  BOOST_CHECK(c.cache.stale_while_revalidate == 0s);
  BOOST_CHECK(c.cache.stale_if_error == 720h);
  BOOST_CHECK(c.cache.failure == 9ms);
  BOOST_CHECK_EQUAL(c.cache.jitter, 0.0);
  BOOST_CHECK_EQUAL(c.cache.early_refresh, 2.5);
  BOOST_CHECK_EQUAL(c.cache.memory, 0U);
  BOOST_CHECK(c.invalidate.paths == (std::vector<std::string>{"/quitChatRoom", "/x/y%20z"}));
  BOOST_CHECK_EQUAL(c.events.forward, "http://bot:7000/callback?token=t");
  BOOST_CHECK_EQUAL(c.redis.url, "rediss://me:secret@r:1/2");
  BOOST_CHECK(c.redis.timeout == 10ms);
  BOOST_CHECK_EQUAL(c.redis.name_space, "test.A_b-9");
  BOOST_CHECK(c.upstream.timeout == 11s);
  BOOST_CHECK(c.upstream.connect_timeout == 12ms);
  BOOST_REQUIRE_EQUAL(c.upstream.instances.size(), 2U);
  BOOST_CHECK_EQUAL(c.upstream.instances[0].url, "http://a:1");
  BOOST_CHECK(c.upstream.instances[0].wids == (std::vector<std::string>{"x", "y"}));
  BOOST_CHECK_EQUAL(c.upstream.instances[1].url, "https://b/base/");
  BOOST_CHECK(c.upstream.instances[1].wids.empty());
  BOOST_CHECK_EQUAL(c.log.level, "debug");
  BOOST_CHECK(c.log.access);
}

BOOST_AUTO_TEST_CASE(dotted_keys_inline_tables_and_windows_line_ends_are_toml_too) {
  const auto c = loaded("cache.fresh = \"5s\"\r\nredis = { timeout = \"20ms\" }\r\n");
  BOOST_CHECK(c.cache.fresh == 5s);
  BOOST_CHECK(c.redis.timeout == 20ms);
  BOOST_CHECK_EQUAL(complaint(""), "");
  BOOST_CHECK_EQUAL(complaint("\xef\xbb\xbf[cache]\nfresh = \"5s\"\n"), "");
}

BOOST_AUTO_TEST_CASE(a_duration_outside_its_range_or_of_another_type_is_refused) {
  BOOST_CHECK_EQUAL(
      complaint_in("cache", R"(fresh = "60x")"),
      R"(3: cache.fresh: "60x" is not a duration from "1ms" to "720h", written as "250ms", "5s", "10m" or "1h")");
  for (const auto* key : {"server.head_timeout", "server.body_timeout", "server.idle_timeout", "server.write_timeout",
                          "cache.fresh", "redis.timeout", "upstream.timeout", "upstream.connect_timeout"}) {
    check_starts(complaint(fmt::format("\n{} = \"0s\"", key)),
                 fmt::format("2: {}: \"0s\" is not a duration from", key));
    check_starts(complaint(fmt::format("\n{} = 5", key)), fmt::format("2: {}: 5 is not a duration from", key));
    check_starts(complaint(fmt::format("\n{} = \"721h\"", key)), fmt::format("2: {}: \"721h\" is not a", key));
    BOOST_CHECK_EQUAL(complaint(fmt::format("\n{} = \"1ms\"", key)), "");
  }
  for (const auto* key :
       {"server.drain_timeout", "cache.stale_while_revalidate", "cache.stale_if_error", "cache.failure"}) {
    BOOST_CHECK_EQUAL(complaint(fmt::format("{} = \"0s\"", key)), "");
    check_starts(complaint(fmt::format("{} = \"721h\"", key)), fmt::format("1: {}: \"721h\" is not a", key));
  }
  BOOST_CHECK_EQUAL(complaint_in("cache", R"(stale_while_revalidate = "720h")"), "");
  check_starts(complaint_in("cache", R"(stale_while_revalidate = "2592000001ms")"),
               "3: cache.stale_while_revalidate: ");
  check_starts(complaint_in("redis", R"(timeout = "11s")"), "3: redis.timeout: \"11s\" is not");
}

BOOST_AUTO_TEST_CASE(an_impossible_address_is_refused) {
  check_starts(complaint_in("server", R"(listen = "127.0.0.1:65536")"),
               R"(3: server.listen: "127.0.0.1:65536" is not a numeric address and a port up to 65535)");
  check_starts(complaint_in("admin", "listen = 9090"), "3: admin.listen: 9090 is not a numeric address");
}

BOOST_AUTO_TEST_CASE(a_number_outside_its_range_or_of_another_type_is_refused) {
  BOOST_CHECK_EQUAL(complaint_in("server", "threads = -1"),
                    "3: server.threads: -1 is not a whole number from 0 to 256");
  check_starts(complaint_in("server", "threads = 257"), "3: server.threads: 257 is not");
  check_starts(complaint_in("server", "threads = 1.5"), "3: server.threads: 1.5 is not");
  check_starts(complaint_in("server", R"(threads = "4")"), R"(3: server.threads: "4" is not)");
  check_starts(complaint_in("server", "threads = 4294967296"), "3: server.threads: 4294967296 is not");
  check_starts(complaint_in("server", "max_connections = 0"), "3: server.max_connections: 0 is not");
  check_starts(complaint_in("server", "threads = true"), "3: server.threads: true is not");
  check_starts(complaint_in("server", "threads = 1979-05-27"), "3: server.threads: a value of this type is not");
}

BOOST_AUTO_TEST_CASE(jitter_is_from_0_to_nine_tenths) {
  for (const auto* value : {"-0.01", "0.91", "1", "nan", "inf", "-inf", "true"})
    check_starts(complaint_in("cache", fmt::format("jitter = {}", value)), "3: cache.jitter: ");
  for (const auto* value : {"0", "0.0", "0.9"})
    BOOST_CHECK_EQUAL(complaint_in("cache", fmt::format("jitter = {}", value)), "");
}

BOOST_AUTO_TEST_CASE(early_refresh_is_from_0_to_10) {
  for (const auto* value : {"-0.01", "10.01", "11", "nan", "inf", "-inf", "true", "\"1\""})
    check_starts(complaint_in("cache", fmt::format("early_refresh = {}", value)), "3: cache.early_refresh: ");
  for (const auto* value : {"0", "0.0", "1", "10", "1e1"})
    BOOST_CHECK_EQUAL(complaint_in("cache", fmt::format("early_refresh = {}", value)), "");
}

BOOST_AUTO_TEST_CASE(memory_is_off_or_at_least_a_mebibyte) {
  for (const auto* value : {"1", "1023KiB", "1048575", "1025GiB", "", "many"})
    check_starts(complaint_in("cache", fmt::format("memory = \"{}\"", value)),
                 fmt::format("3: cache.memory: \"{}\" is not \"0\" or a size from \"1MiB\"", value));
  for (const auto* value : {"0", "1MiB", "1048576", "1024GiB"})
    BOOST_CHECK_EQUAL(complaint_in("cache", fmt::format("memory = \"{}\"", value)), "");
  check_starts(complaint_in("cache", "memory = 268435456"), "3: cache.memory: 268435456 is not");
}

BOOST_AUTO_TEST_CASE(a_namespace_needs_no_escaping_anywhere) {
  for (const auto* value : {"", "a b", "a:b", "a{b}", "\u7fa4", "a*"})
    check_starts(complaint_in("redis", fmt::format("namespace = \"{}\"", value)),
                 fmt::format("3: redis.namespace: \"{}\" is not a name", value));
  check_starts(complaint_in("redis", fmt::format("namespace = \"{}\"", std::string(65, 'a'))), "3: redis.namespace: ");
  BOOST_CHECK_EQUAL(complaint_in("redis", fmt::format("namespace = \"{}\"", std::string(64, 'a'))), "");
}

BOOST_AUTO_TEST_CASE(a_redis_url_has_a_known_scheme_and_something_after_it) {
  for (const auto* url :
       {"", "redis://h", "redis://:p@h:1/0", "rediss://u:p@h", "redis+sentinel://a,b/m", "redis+cluster://a:1,b:2",
        "rediss+sentinel://a,b/m", "rediss+cluster://a:1,b:2", "unix:///run/r.sock", "unix://u:p@/run/r.sock?db=2"})
    BOOST_CHECK_EQUAL(complaint_in("redis", fmt::format("url = \"{}\"", url)), "");
  for (const auto* url : {"redis", "redis://", "redis:///0", "http://h", "h:6379", "unix://", "unix:/r.sock",
                          "REDIS://h", "redis://h h", "redis://h\\n", "redis://\u7fa4", " redis://h"})
    check_starts(complaint_in("redis", fmt::format("url = \"{}\"", url)), "3: redis.url: the value (not shown");
  check_starts(complaint_in("redis", "url = 3"), "3: redis.url: 3 is not a URL");
}

BOOST_AUTO_TEST_CASE(no_message_holds_a_password) {
  for (const auto* line : {
           R"(url = "reds://me:hunter2@h")",
           R"(url = "me:hunter2@h")",
           R"(url = "redis://me:hunter2@h)", // no closing quote
           R"(url = redis://me:hunter2@h)",
           R"(url = hunter2@h)",
           R"(url = 'redis://me:hunter2@h'')",
           R"(url = team:hunter2@h)", // begins like true
           R"(url = nobody:hunter2@h)",
           R"(url = "redis://me:\hunter2@h")",
           R"(url = ["redis://me:hunter2@h"])",
           R"(url = ["redis://me:hunter2@h", 3])",
           R"(urll = "redis://me:hunter2@h")",
           R"(timeout = 1 url = "redis://me:hunter2@h")",
       }) {
    const auto what = complaint_in("redis", line);
    check_starts(what, "3: ");
    BOOST_CHECK_MESSAGE(!what.contains("hunter2") && !what.contains("unter"), what);
  }
  const auto instance = complaint("[[upstream.instance]]\nurl = \"ftp://me:hunter2@h\"\n");
  check_starts(instance, "2: upstream.instance.url: the value (not shown");
  BOOST_CHECK(!instance.contains("hunter2"));
}

BOOST_AUTO_TEST_CASE(a_level_and_a_switch_are_exact) {
  BOOST_CHECK_EQUAL(complaint_in("log", R"(level = "warning")"),
                    R"(3: log.level: "warning" is not one of "trace", "debug", "info", "warn", "error")");
  BOOST_CHECK_EQUAL(complaint_in("log", R"(access = "yes")"), R"(3: log.access: "yes" is not true or false)");
}

BOOST_AUTO_TEST_CASE(an_unknown_key_is_refused_with_the_one_that_was_meant) {
  BOOST_CHECK_EQUAL(complaint_in("server", R"(lisen = "a")"),
                    "3: server.lisen: unknown key; did you mean server.listen?");
  BOOST_CHECK_EQUAL(complaint_in("server", R"(fresh = "5s")"),
                    "3: server.fresh: unknown key; did you mean cache.fresh?");
  BOOST_CHECK_EQUAL(complaint_in("admin", "colour = 1"), "3: admin.colour: unknown key; [admin] knows listen");
  BOOST_CHECK_EQUAL(complaint_in("upstream", "instances = 1"),
                    "3: upstream.instances: unknown key; did you mean upstream.instance?");
  BOOST_CHECK_EQUAL(complaint("[[upstream.instance]]\nurl = \"http://a\"\nwid = []\n"),
                    "3: upstream.instance.wid: unknown key; did you mean upstream.instance.wids?");
  check_starts(complaint_in("redis", "\"a\\nb\" = 1"), "3: redis.a\\x0ab: unknown key; ");
}

BOOST_AUTO_TEST_CASE(an_unknown_table_is_refused_with_the_one_that_was_meant) {
  BOOST_CHECK_EQUAL(complaint("\n[chache]\n"), "2: chache: unknown table; did you mean [cache]?");
  BOOST_CHECK_EQUAL(complaint("\n[tls]\n"),
                    "2: tls: unknown table; known are [server], [admin], [cache], [invalidate], [events], [redis], "
                    "[upstream], [log]");
  BOOST_CHECK_EQUAL(complaint("\nfresh = \"5s\"\n"), "2: fresh: unknown key; did you mean cache.fresh?");
  BOOST_CHECK_EQUAL(complaint("\ncache = 1\n"), "2: cache: a table is needed here: [cache]");
  BOOST_CHECK_EQUAL(complaint("\n[[cache]]\n"), "2: cache: a table is needed here: [cache]");
  check_starts(complaint("[cache]\n[cache.fresh]\nx = 1\n"), "2: cache.fresh: a value of this type is not a duration");
}

BOOST_AUTO_TEST_CASE(instances_are_tables_of_their_own_each_once) {
  constexpr std::string_view needed = "upstream.instance: at least one instance is needed";
  check_starts(complaint_in("upstream", "instance = []"), fmt::format("3: {}", needed));
  check_starts(complaint_in("upstream", R"(instance = "http://a")"), fmt::format("3: {}", needed));
  check_starts(complaint_in("upstream", R"(instance = ["http://a"])"), fmt::format("3: {}", needed));
  check_starts(complaint_in("upstream.instance", R"(url = "http://a")"), fmt::format("2: {}", needed));
  check_starts(complaint("\n[[upstream.instance]]\nwids = []\n"), "2: upstream.instance: url is missing");
  for (const auto* again : {"http://a:1", "HTTP://A:1/", "http://a:1//"})
    if (std::string_view{again}.starts_with("http"))
      BOOST_CHECK_EQUAL(
          complaint(
              fmt::format("[[upstream.instance]]\nurl='http://A:1'\n[[upstream.instance]]\nwids=[]\nurl='{}'", again)),
          "5: upstream.instance.url: this instance is listed already; allowed is once each");
  BOOST_CHECK_EQUAL(complaint("[[upstream.instance]]\nurl='http://a/B'\n[[upstream.instance]]\nurl='http://a/b'"), "");
}

BOOST_AUTO_TEST_CASE(an_instance_url_is_http_with_a_host) {
  for (const auto* url : {"http://a", "https://a.b:1/c", "http://[::1]:1"})
    BOOST_CHECK_EQUAL(complaint(fmt::format("[[upstream.instance]]\nurl='{}'", url)), "");
  for (const auto* url :
       {"", "a:1", "ftp://a", "http:/a", "http://", "https:///a", "http://:80", "http://a b", "http://?q"})
    check_starts(complaint(fmt::format("[[upstream.instance]]\nurl='{}'", url)), "2: upstream.instance.url: the value");
}

BOOST_AUTO_TEST_CASE(the_accounts_of_an_instance_are_distinct_strings) {
  for (const auto* list : {"[1]", "['']", "['a', 'a']", "'a'", "[['a']]", "['a', 1]"})
    check_starts(complaint(fmt::format("[[upstream.instance]]\nurl='http://a'\nwids={}", list)),
                 "3: upstream.instance.wids: ");
}

BOOST_AUTO_TEST_CASE(the_paths_that_invalidate_are_distinct_and_without_a_query) {
  BOOST_CHECK_EQUAL(
      complaint("[invalidate]\npaths = [\n  '/a',\n  '/a',\n]\n"),
      R"(2: invalidate.paths: this list is not a list of paths, each beginning with "/", without a query and none )"
      R"(twice, such as [] or ["/logout"])");
  for (const auto* list : {"['a']", "['']", "['/a', 'b']", "['/a?b']", "['/a?']", "['/a#b']", "['/a b']", R"(["/a\n"])",
                           "['/\u7fa4']", "['http://h/a']", "['/a', '/b', '/a']", "'/a'", "['/a', 1]", "[['/a']]", "1"})
    check_starts(complaint(fmt::format("\n[invalidate]\npaths = {}", list)), "3: invalidate.paths: ");
  for (const auto* list : {"[]", "['/']", "['/a', '/A', '/a/']"})
    BOOST_CHECK_EQUAL(complaint(fmt::format("[invalidate]\npaths = {}", list)), "");
  BOOST_CHECK(loaded("invalidate.paths = []").invalidate.paths.empty());
}

BOOST_AUTO_TEST_CASE(callbacks_go_to_an_http_url_or_nowhere) {
  for (const auto* url : {"", "http://a", "http://a.b:1/c?d=e&f", "http://[::1]:1/"})
    BOOST_CHECK_EQUAL(complaint_in("events", fmt::format("forward = '{}'", url)), "");
  for (const auto* url : {"a:1", "https://a", "ftp://a", "http://", "http:///a", "http://:80", "http://?q",
                          "http://a b", "http://a#b", "HTTP://a"})
    check_starts(
        complaint_in("events", fmt::format("forward = '{}'", url)),
        "3: events.forward: the value (not shown, it may hold a password) is not a URL that begins with http:");
  BOOST_CHECK(!complaint_in("events", "forward = 'https://a/?token=hunter2'").contains("hunter2"));
  check_starts(complaint_in("events", "forward = 3"), "3: events.forward: 3 is not a URL");
}

BOOST_AUTO_TEST_CASE(of_several_mistakes_the_first_in_the_file_is_named) {
  check_starts(complaint("[upstream]\ntimeout = 1\n[cache]\nfresh = 2\n[admin]\nlisten = 3\n"),
               "2: upstream.timeout: ");
  check_starts(complaint("[admin]\nlisten = 1\n[cache]\nfresh = 2\nstale_if_error = 3\n"), "2: admin.listen: ");
  check_starts(complaint("[cache]\nstale_if_error = 1\nfresh = 2\n"), "2: cache.stale_if_error: ");
}

BOOST_AUTO_TEST_CASE(what_is_not_toml_is_refused_with_its_line) {
  check_starts(complaint("[cache]\n\nfresh = \n"), "3: this is not TOML: ");
  check_starts(complaint("[cache]\nfresh = \"1s\"\nfresh = \"2s\"\n"), "3: this is not TOML: ");
  check_starts(complaint("[cache\n"), "1: this is not TOML: ");
  check_starts(complaint("[log]\nlevel = \"\xff\"\n"), "2: this is not TOML: ");
  check_starts(complaint(std::string(100'000, '[')), "1: this is not TOML: ");
  check_starts(complaint("\n[[[cache]]]\n"), "2: this is not TOML: ");
  check_starts(complaint("[cache]\nfresh = " + std::string(100'000, '[')), "2: this is not TOML: ");
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_read_or_refused_in_one_line_and_nothing_else) {
  constexpr std::string_view sound = "[server]\nlisten = \"127.0.0.1:1\"\nthreads = 0x3\n[cache]\njitter = 1e-1\n"
                                     "[redis]\nurl = \"\"\"\"\"\"\n[[upstream.instance]]\nurl = \"http://a\"\n"
                                     "wids = [\"x\", # y\n \"\\u00e9\"]\n";
  constexpr std::string_view spice = "[]{}\"'=.,#\n\r\\ \t0x_e-+:\x80\xff\x1b";
  BOOST_CHECK_EQUAL(complaint(sound), "");
  std::mt19937 random{11};
  std::size_t refused = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::string text{sound};
    for (auto changes = random() % 4 + 1; changes > 0; --changes) {
      const auto at = random() % text.size();
      switch (random() % 3) {
      case 0:
        text[at] = spice[random() % spice.size()];
        break;
      case 1:
        text.insert(at, 1, spice[random() % spice.size()]);
        break;
      default:
        text.resize(at + 1);
      }
    }
    refused += complaint(text).empty() ? 0U : 1U;
  }
  BOOST_CHECK_GT(refused, 1'000U);
  BOOST_CHECK_LT(refused, 5'000U);
}

BOOST_AUTO_TEST_CASE(a_value_in_a_message_is_short_and_on_one_line) {
  const auto what = complaint_in("log", fmt::format("level = \"a\\nb\\u001b{}\"", std::string(5'000, 'x')));
  check_starts(what, R"(3: log.level: "a\x0ab\x1bxxx)");
  BOOST_CHECK_LT(what.size(), 200U);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_named) {
  const auto message = [](const std::string& file) -> std::string {
    try {
      load_config(file);
    } catch (const config_error& error) {
      return error.what();
    }
    return {};
  };
  BOOST_CHECK_EQUAL(message("/nowhere/r.toml"), "/nowhere/r.toml: cannot be read: No such file or directory");
  BOOST_CHECK_EQUAL(message("/tmp"), "/tmp: cannot be read: it is a directory");
  const scratch_file large{std::string((std::size_t{1} << 20) + 1, '\n')};
  BOOST_CHECK_EQUAL(message(large.path()), large.path() + ": is larger than 1 MiB, which no configuration is");
}

BOOST_AUTO_TEST_SUITE_END()
