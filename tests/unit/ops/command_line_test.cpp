#include "rollcall/ops/config.hpp"
#include "rollcall/ops/version.hpp"

#include "scratch_file.hpp"

#include <boost/test/unit_test.hpp>

#include <initializer_list>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

using namespace rollcall::ops;
using namespace std::chrono_literals;

namespace {

struct outcome {
  command_line_result result;
  std::string out;
  std::string err;
};

/// Runs the parser with what it prints caught.
outcome typed(std::initializer_list<std::string> arguments) {
  std::vector<const char*> argv{"rollcall"};
  for (const auto& each : arguments)
    argv.push_back(each.c_str());
  struct capture {
    explicit capture(std::ostream& of) : stream{of}, before{of.rdbuf(text.rdbuf())} {}
    ~capture() { stream.rdbuf(before); }
    capture(const capture&) = delete;
    capture& operator=(const capture&) = delete;
    std::ostringstream text;
    std::ostream& stream;
    std::streambuf* before;
  };
  const capture out{std::cout};
  const capture err{std::cerr};
  auto result = parse_command_line(static_cast<int>(argv.size()), argv.data());
  return {std::move(result), out.text.str(), err.text.str()};
}

config settings(std::initializer_list<std::string> arguments) {
  const auto got = typed(arguments);
  BOOST_REQUIRE_MESSAGE(got.result.run, got.err);
  BOOST_CHECK_EQUAL(got.out + got.err, "");
  return got.result.run->settings;
}

/// What is said, on one line, about arguments that are not usage.
std::string refused(std::initializer_list<std::string> arguments) {
  const auto got = typed(arguments);
  BOOST_CHECK(!got.result.run);
  BOOST_CHECK_EQUAL(got.result.exit_code, 2);
  BOOST_CHECK_EQUAL(got.out, "");
  const std::string hint = "\nTry: rollcall --help\n";
  BOOST_CHECK_MESSAGE(got.err.starts_with("rollcall: ") && got.err.ends_with(hint), got.err);
  const auto what = got.err.substr(10, got.err.size() - 10 - hint.size());
  BOOST_CHECK_MESSAGE(!what.contains('\n'), what);
  return what;
}

} // namespace

BOOST_AUTO_TEST_SUITE(flags)

BOOST_AUTO_TEST_CASE(without_arguments_the_defaults_hold) {
  const auto c = settings({});
  BOOST_CHECK_EQUAL(c.server.listen.to_string(), "0.0.0.0:8080");
  BOOST_REQUIRE_EQUAL(c.upstream.instances.size(), 1U);
  BOOST_CHECK_EQUAL(c.upstream.instances[0].url, "http://127.0.0.1:18081");
}

BOOST_AUTO_TEST_CASE(every_flag_sets_its_key) {
  const auto c = settings({"--listen", "127.0.0.1:1", "--admin=[::1]:2", "--redis", "redis://:p@h", "--threads", "7",
                           "--log-level", "debug", "--access-log", "--upstream", "http://a", "--upstream=https://b"});
  BOOST_CHECK_EQUAL(c.server.listen.to_string(), "127.0.0.1:1");
  BOOST_CHECK_EQUAL(c.admin.listen.to_string(), "[::1]:2");
  BOOST_CHECK_EQUAL(c.redis.url, "redis://:p@h");
  BOOST_CHECK_EQUAL(c.server.threads, 7U);
  BOOST_CHECK_EQUAL(c.log.level, "debug");
  BOOST_CHECK(c.log.access);
  BOOST_REQUIRE_EQUAL(c.upstream.instances.size(), 2U);
  BOOST_CHECK_EQUAL(c.upstream.instances[0].url, "http://a");
  BOOST_CHECK_EQUAL(c.upstream.instances[1].url, "https://b");
}

BOOST_AUTO_TEST_CASE(flags_win_over_the_file_and_upstreams_replace_its_instances) {
  const scratch_file file{R"(
server.listen = "127.0.0.1:1"
server.threads = 3
redis.url = "redis://file"
cache.fresh = "7s"
[[upstream.instance]]
url = "http://file"
wids = ["w"]
)"};
  const auto c =
      settings({"--listen", "127.0.0.1:2", "--config", file.path(), "--upstream", "http://flag", "--redis", ""});
  BOOST_CHECK_EQUAL(c.server.listen.to_string(), "127.0.0.1:2");
  BOOST_CHECK_EQUAL(c.server.threads, 3U);
  BOOST_CHECK_EQUAL(c.redis.url, "");
  BOOST_CHECK(c.cache.fresh == 7s);
  BOOST_REQUIRE_EQUAL(c.upstream.instances.size(), 1U);
  BOOST_CHECK_EQUAL(c.upstream.instances[0].url, "http://flag");
  BOOST_CHECK(c.upstream.instances[0].wids.empty());
}

BOOST_AUTO_TEST_CASE(of_a_repeated_flag_the_last_one_counts) {
  BOOST_CHECK_EQUAL(settings({"--threads", "1", "--threads", "2"}).server.threads, 2U);
}

BOOST_AUTO_TEST_CASE(check_is_handed_on) {
  BOOST_CHECK(typed({"--check"}).result.run->check);
  BOOST_CHECK(!typed({}).result.run->check);
}

BOOST_AUTO_TEST_CASE(values_are_checked_as_in_the_file) {
  BOOST_CHECK_EQUAL(refused({"--threads", "257"}), "--threads: 257 is not a whole number from 0 to 256");
  BOOST_CHECK_EQUAL(refused({"--threads", "4x"}), "--threads: \"4x\" is not a whole number from 0 to 256");
  BOOST_CHECK_EQUAL(refused({"--threads", ""}), "--threads: \"\" is not a whole number from 0 to 256");
  BOOST_CHECK_EQUAL(refused({"--threads", "99999999999999999999"}),
                    "--threads: \"99999999999999999999\" is not a whole number from 0 to 256");
  BOOST_CHECK(refused({"--listen", "8080"}).starts_with("--listen: \"8080\" is not a numeric address and a port"));
  BOOST_CHECK(refused({"--admin", "127.0.0.1:65536"}).starts_with("--admin: \"127.0.0.1:65536\" is not"));
  BOOST_CHECK(refused({"--log-level", "loud"}).starts_with("--log-level: \"loud\" is not one of"));
  BOOST_CHECK(refused({"--upstream", "a:1"}).starts_with("--upstream: the value (not shown"));
  BOOST_CHECK_EQUAL(refused({"--upstream", "http://a", "--upstream", "http://A/"}),
                    "--upstream: one instance is given twice; allowed is once each");
}

BOOST_AUTO_TEST_CASE(wrong_usage_is_one_line_and_a_hint) {
  BOOST_CHECK_EQUAL(refused({"--lisen", "127.0.0.1:1"}), "--lisen: unknown option; did you mean --listen?");
  BOOST_CHECK_EQUAL(refused({"--upsteam=http://a"}), "--upsteam: unknown option; did you mean --upstream?");
  BOOST_CHECK_EQUAL(refused({"--frobnicate"}), "--frobnicate: unknown option");
  BOOST_CHECK_EQUAL(refused({"-x"}), "-x: unknown option");
  BOOST_CHECK_EQUAL(refused({"start"}), "only options are expected, and something here is none");
  BOOST_CHECK_EQUAL(refused({"--upstream", "http://a", "http://b"}),
                    "only options are expected, and something here is none");
  BOOST_CHECK(refused({"--listen"}).contains("--listen"));
  BOOST_CHECK(refused({"--upstream", "--check"}).contains("--upstream"));
  BOOST_CHECK(refused({"--check=maybe"}).contains("--check"));
}

BOOST_AUTO_TEST_CASE(no_message_holds_a_password) {
  for (const auto& what : {
           refused({"--redis", "reds://me:hunter2@h"}),
           refused({"--redis=me:hunter2@h"}),
           refused({"--rediss=redis://me:hunter2@h"}),
           refused({"redis://me:hunter2@h"}),
           refused({"--threads", "1", "redis://me:hunter2@h"}),
           refused({"--upstream", "ftp://me:hunter2@h"}),
       })
    BOOST_CHECK_MESSAGE(!what.contains("hunter2"), what);
}

BOOST_AUTO_TEST_CASE(a_broken_file_is_an_error_of_its_own) {
  const scratch_file file{"[cache]\nfresh = 1\n"};
  BOOST_CHECK_THROW(typed({"--config", file.path()}), config_error);
  BOOST_CHECK_THROW(typed({"--config", "/nowhere/r.toml"}), config_error);
  BOOST_CHECK_THROW(typed({"--config", ""}), config_error);
}

BOOST_AUTO_TEST_CASE(help_teaches_and_succeeds) {
  for (const auto* flag : {"--help", "-h"}) {
    const auto got = typed({flag});
    BOOST_CHECK(!got.result.run);
    BOOST_CHECK_EQUAL(got.result.exit_code, 0);
    BOOST_CHECK_EQUAL(got.err, "");
    for (const auto* word : {"--config", "--listen", "--admin", "--upstream", "--redis", "--threads", "--check",
                             "--version", "--access-log", "--log-level", "Examples:", "rollcall --upstream http://"})
      BOOST_CHECK_MESSAGE(got.out.contains(word), word);
  }
}

BOOST_AUTO_TEST_CASE(version_is_one_line) {
  const auto got = typed({"--version"});
  BOOST_CHECK(!got.result.run);
  BOOST_CHECK_EQUAL(got.result.exit_code, 0);
  BOOST_CHECK_EQUAL(got.out, "rollcall " + std::string{version} + "\n");
}

BOOST_AUTO_TEST_SUITE_END()
