#include "rollcall/ops/version.hpp"

#include "kinds.hpp"
#include "nearest.hpp"
#include "printable.hpp"
#include "rules.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iostream>
#include <map>

namespace rollcall::ops {
namespace {

constexpr std::string_view description =
    "Answers POST /getChatRoomMember for WeChat bots from memory and from Redis, asks the\n"
    "instance behind it once when nobody knows, and passes everything else through.\n";

constexpr std::string_view examples =
    "Examples:\n"
    "  rollcall --upstream http://127.0.0.1:18081\n"
    "      One gateway on port 8080, cached in memory only.\n"
    "  rollcall --upstream http://10.0.0.5:18081 --redis redis://10.0.0.9:6379/0\n"
    "      One of a fleet that shares its answers and its purges.\n"
    "  rollcall --config /etc/rollcall/rollcall.toml --listen 127.0.0.1:8081\n"
    "      Everything from a file, but another port: flags win.\n"
    "  rollcall --config /etc/rollcall/rollcall.toml --take-over\n"
    "      Replaces the one that runs, such as an older version, without losing a request.\n"
    "  rollcall --config /etc/rollcall/rollcall.toml --check\n"
    "      Only say whether the file is right. conf/rollcall.toml has every key with its default.\n";

/// A flag that takes a value and sets one key of the file.
struct value_flag {
  std::string_view flag;
  std::string_view section;
  std::string_view name;
  std::string_view placeholder;
  std::string_view help;
};
constexpr std::array value_flags{
    value_flag{"--listen", "server", "listen", "A:P", "Where bots connect (0.0.0.0:8080); port 0 takes any free one"},
    value_flag{"--admin", "admin", "listen", "A:P", "Where metrics, health and purges are (127.0.0.1:9090)"},
    value_flag{"--redis", "redis", "url", "URL",
               "The Redis of the fleet, Sentinels or a cluster too; none: memory only"},
    value_flag{"--threads", "server", "threads", "N", "Threads (0: one per core)"},
    value_flag{"--log-level", "log", "level", "L", "trace, debug, info, warn or error (info)"},
};

struct usage_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The arguments as they were typed.
struct arguments {
  std::string config_file;
  std::map<std::string_view, std::string> values; ///< by flag
  std::vector<std::string> upstreams;
  bool access_log = false;
  bool check = false;
  bool take_over = false;
  bool version = false;
};

void declare(CLI::App& app, arguments& into) {
  app.add_option("--config", into.config_file, "The configuration file")->type_name("FILE")->take_last();
  for (const auto& each : value_flags)
    app.add_option(std::string{each.flag}, into.values[each.flag], std::string{each.help})
        ->type_name(std::string{each.placeholder})
        ->take_last();
  app.add_option("--upstream", into.upstreams,
                 "An instance (http://127.0.0.1:18081); may be repeated, and replaces those of the file")
      ->type_name("URL")
      ->allow_extra_args(false);
  app.add_flag("--access-log", into.access_log, "One line for each request, on standard output");
  app.add_flag("--take-over", into.take_over,
               "Take the ports over from the Rollcall that has them, if one does; it drains, and no request is lost");
  app.add_flag("--check", into.check,
               "Say whether the configuration is valid, without connecting to anything, and leave");
  app.add_flag("--version", into.version, "Say which version this is, and leave");
  // Left-overs are ours to report: the library would quote them, and one may be a URL with a password.
  app.allow_extras();
}

[[noreturn]] void refuse_leftover(const CLI::App& app, std::string_view argument) {
  if (!argument.starts_with('-'))
    throw usage_error{"only options are expected, and something here is none"};
  const auto typed = argument.substr(0, argument.find('='));
  std::vector<std::string> names;
  for (const auto* option : app.get_options())
    names.push_back("--" + option->get_lnames().front());
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto near = nearest(typed, known);
  throw usage_error{near.empty() ? fmt::format("{}: unknown option", printable(typed))
                                 : fmt::format("{}: unknown option; did you mean {}?", printable(typed), near)};
}

raw_value typed_value(const value_flag& flag, const std::string& text) {
  std::int64_t number = 0;
  if (flag.flag == "--threads") {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size())
      return number;
  }
  return text;
}

void apply_values(const CLI::App& app, const arguments& given, config& to) {
  for (const auto& each : value_flags) {
    if (app.count(std::string{each.flag}) == 0)
      continue;
    const auto rule = std::ranges::find_if(
        config_rules(), [&](const auto& r) { return r.section == each.section && r.name == each.name; });
    const auto value = typed_value(each, given.values.at(each.flag));
    if (!rule->read(to, value))
      throw usage_error{fmt::format("{}: {}", each.flag, refusal(*rule, value))};
  }
}

void apply_upstreams(const arguments& given, config& to) {
  if (given.upstreams.empty())
    return;
  const auto& url = instance_rules().front();
  to.upstream.instances.clear();
  for (const auto& typed : given.upstreams) {
    upstream_instance one;
    if (!url.read(one, typed))
      throw usage_error{fmt::format("--upstream: {}", refusal(url, typed))};
    if (std::ranges::any_of(to.upstream.instances, [&](const auto& o) { return same_instance(o.url, one.url); }))
      throw usage_error{"--upstream: one instance is given twice; allowed is once each"};
    to.upstream.instances.push_back(std::move(one));
  }
}

command_line_result understand(CLI::App& app, int argc, const char* const* argv) {
  arguments given;
  declare(app, given);
  app.parse(argc, argv);
  if (const auto rest = app.remaining(); !rest.empty())
    refuse_leftover(app, rest.front());
  if (given.version) {
    std::cout << "rollcall " << version << '\n';
    return {};
  }
  command_line run;
  if (app.count("--config") != 0)
    run.settings = load_config(run.file = given.config_file);
  apply_values(app, given, run.settings);
  apply_upstreams(given, run.settings);
  if (given.access_log)
    run.settings.log.access = true;
  run.check = given.check;
  run.take_over = given.take_over;
  return {std::move(run), 0};
}

} // namespace

config read_again(int argc, const char* const* argv) {
  CLI::App app{std::string{description}, "rollcall"};
  try {
    if (auto asked = understand(app, argc, argv); asked.run)
      return std::move(asked.run->settings);
  } catch (const CLI::Error& error) {
    throw config_error{error.what()};
  } catch (const usage_error& error) {
    throw config_error{error.what()};
  }
  throw config_error{"the arguments do not ask for a gateway"};
}

command_line_result parse_command_line(int argc, const char* const* argv) {
  CLI::App app{std::string{description}, "rollcall"};
  app.footer(std::string{examples});
  std::string what;
  try {
    return understand(app, argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return {};
  } catch (const CLI::ParseError& error) {
    what = error.what();
  } catch (const usage_error& error) {
    what = error.what();
  }
  std::cerr << "rollcall: " << what << "\nTry: rollcall --help\n";
  return {std::nullopt, 2};
}

} // namespace rollcall::ops
