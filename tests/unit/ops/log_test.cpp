#include "rollcall/ops/log.hpp"

#include "scratch_file.hpp"

#include <boost/test/unit_test.hpp>
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <string>

using namespace rollcall::ops;

namespace {

/// What `act` writes to standard error.
std::string standard_error_of(const std::function<void()>& act) {
  const scratch_file file{""};
  const int before = ::dup(STDERR_FILENO);
  const int target = ::open(file.path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  ::dup2(target, STDERR_FILENO);
  ::close(target);
  act();
  spdlog::default_logger()->flush();
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  std::ifstream in{file.path()};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(a_line_has_the_time_with_its_offset_the_level_and_no_colour_in_a_file) {
  const auto text = standard_error_of([] {
    start_log("info");
    spdlog::warn("redis: {} is away", "r1");
  });
  const std::regex shape{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d warning redis: r1 is away\n)"};
  BOOST_CHECK_MESSAGE(std::regex_match(text, shape), text);
}

BOOST_AUTO_TEST_CASE(what_is_less_grave_than_the_level_is_not_written) {
  for (const auto* level : {"trace", "debug", "info", "warn", "error"}) {
    const auto text = standard_error_of([&] {
      start_log(level);
      spdlog::trace("trace");
      spdlog::debug("debug");
      spdlog::info("info");
      spdlog::warn("warn");
      spdlog::error("error");
    });
    std::string expected;
    bool reached = false;
    for (const std::string each : {"trace", "debug", "info", "warn", "error"}) {
      reached = reached || each == level;
      BOOST_CHECK_MESSAGE(text.contains(" " + each + "\n") == reached, level << ": " << text);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
