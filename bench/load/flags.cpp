#include "load/flags.hpp"

#include "load/help.hpp"
#include "load/script.hpp"
#include "upstream/duration.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace rollcall::load {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto durations = "a duration such as 500ms, 10s or 5m";

/// A value in our own notation: explained by `hint` where it does not parse.
template <class Parse, class Take>
CLI::Option* add_parsed(CLI::App& app, const std::string& name, Parse parse, Take take, const std::string& type,
                        const std::string& help, const std::string& hint) {
  return app
      .add_option_function<std::vector<std::string>>(
          name,
          [=](const std::vector<std::string>& texts) {
            for (const auto& text : texts) {
              auto parsed = parse(text);
              if (!parsed) {
                throw CLI::ValidationError(name, fmt::format("'{}': expected {}", text, hint));
              }
              take(std::move(*parsed));
            }
          },
          help)
      ->type_name(type)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

template <class Number>
CLI::Option* add_number(CLI::App& app, const char* name, Number& value, Number least, Number most, const char* help) {
  return app.add_option(name, value, help)->type_name("N")->check(CLI::Range(least, most).description(""));
}

void add_load(CLI::App& app, plan& p) {
  add_parsed(
      app, "--target", parse_url, [&p](url u) { p.targets.push_back(std::move(u)); }, "URL",
      "A gateway, http://HOST:PORT; may be repeated, the connections are spread over all", "http://HOST:PORT")
      ->required();
  add_number<std::size_t>(app, "--connections", p.connections, 1, most_connections, "Clients (default 64)");
  add_number<std::size_t>(app, "--threads", p.threads, 1, 64, "Threads of ours (default 1)");
  add_parsed(
      app, "--duration", standin::parse_duration, [&p](microseconds d) { p.duration = d; }, "TIME",
      "How long to measure, up to an hour (default 10s)", durations);
  add_parsed(
      app, "--warmup", standin::parse_duration, [&p](microseconds d) { p.warmup = d; }, "TIME",
      "How long to ask before that (default 2s)", durations);
  add_parsed(
      app, "--timeout", standin::parse_duration, [&p](microseconds d) { p.timeout = d; }, "TIME",
      "How long to wait for an answer (default 10s)", durations);
  add_number(app, "--rate", p.rate, 0.1, 1e7, "Open loop: so many requests a second");
  app.add_flag("--reconnect", p.reconnect, "A connection for each request");
  add_number<std::size_t>(app, "--pipeline", p.pipeline, 1, 1'000, "Requests on their way on a connection (default 1)");
}

void add_workload(CLI::App& app, plan& p) {
  const auto share = CLI::Range(0.0, 1.0).description("");
  add_number<std::size_t>(app, "--bots", p.bots, 1, 1'000'000, "Bots, each with a wId and a credential (default 20)");
  add_number<std::size_t>(app, "--rooms", p.rooms, 1, most_rooms, "Rooms of each bot (default 50)");
  add_parsed(
      app, "--members", parse_members, [&p](const members_wanted& m) { p.members = m; }, "N|A-B|small|mixed",
      "Of the rooms: what rollcall-upstream runs with (default mixed, as there). A-B: those of its mixed rooms "
      "that have so many",
      "0 to 500, a range such as 4-100, small or mixed");
  add_number(app, "--zipf", p.zipf, 0.0, 5.0, "How unequally rooms are asked for; 0: equally (default 0.9)");
  app.add_option("--seed", p.seed, "Of rollcall-upstream, and of all that is drawn here (default 1)")->type_name("N");
  app.add_flag("--sticky", p.sticky,
               "Each bot stays with one of the targets (but for --prime), as those do that know one address");
  app.add_flag("--gzip", p.gzip, "Accept compressed answers");
  app.add_flag("--prime", p.prime, "Before the warm-up, ask for every room once");
  app.add_option("--churn", p.churn, "Share of requests that change their room, 0 to 1")
      ->type_name("RATE")
      ->check(share);
  app.add_flag("--passthrough", p.passthrough, "Ask for some members instead of the list, which is never cached");
  add_parsed(
      app, "--herd", parse_herd, [&p](const herd_plan& h) { p.herd = h; }, "every=1s,askers=100",
      "Beside all that, so many more clients ask so often for a list that nobody has", "every=TIME,askers=N");
  app.add_option("--replay", p.replay, "Ask what is in the access log of a gateway instead, in its order")
      ->type_name("FILE");
  app.add_flag_callback("--no-verify", [&p] { p.verify = false; }, "Look at the status only");
}

void add_rest(CLI::App& app, plan& p) {
  app.add_option("--pid", p.pids, "Tell the CPU time and memory of this process; may be repeated")
      ->type_name("PID")
      ->check(CLI::PositiveNumber.description(""));
  add_parsed(
      app, "--upstream-stats", parse_url, [&p](url u) { p.upstream_stats = std::move(u); }, "URL",
      "Count the calls that reach this rollcall-upstream", "http://HOST:PORT");
  add_parsed(
      app, "--at", read_event, [&p](planned_event e) { p.events.push_back(std::move(e)); }, "'TIME COMMAND'",
      "Run a command that long after the measured part began; may be repeated", "a time and a command");
  app.add_option_function<std::string>(
         "--script",
         [&p](const std::string& file) {
           try {
             for (auto& each : read_script(file)) {
               p.events.push_back(std::move(each));
             }
           } catch (const std::runtime_error& error) {
             throw CLI::ValidationError("--script", error.what());
           }
         },
         "A file of lines such as: 10s kill -STOP 4711")
      ->type_name("FILE");
  app.add_option("--json", p.json_file, "Write the result, to read again with compare and report")->type_name("FILE");
  app.add_option("--html", p.html_file, "Write a report with plots, in one file")->type_name("FILE");
  app.add_flag("--quiet", p.quiet, "No progress, no table");
}

/// What no flag can tell alone.
const char* contradiction_in(const plan& p) {
  if (p.duration < milliseconds(1)) {
    return "--duration has to be longer than that";
  }
  if (p.bots * p.rooms > most_rooms) {
    return "more than 4,000,000 rooms";
  }
  if (p.sticky && (p.bots < p.targets.size() || p.connections < p.threads * p.targets.size())) {
    return "--sticky takes a bot for each target, and on each thread a connection";
  }
  if (!p.replay.empty() && p.sticky) {
    return "--replay does not tell which bot it was, as --sticky would have to know";
  }
  if (p.threads > p.connections) {
    return "more --threads than --connections";
  }
  if (p.reconnect && p.pipeline > 1) {
    return "--pipeline needs connections that are kept, --reconnect keeps none";
  }
  if (!p.replay.empty() && (p.churn > 0 || p.herd || p.passthrough)) {
    return "--replay asks what is in the log, without --churn, --herd or --passthrough";
  }
  if (p.passthrough && p.churn > 0) {
    return "--churn changes what --passthrough asks for: choose one";
  }
  return nullptr;
}

} // namespace

std::variant<plan, comparison, report, int> parse_flags(int argc, char** argv) {
  plan chosen;
  comparison compared;
  report reported;
  CLI::App app(help::about, "rollcall-bench");
  app.footer(help::commands);
  app.require_subcommand(1);
  auto& run = *app.add_subcommand("run", help::about_run)->footer(help::examples);
  add_load(run, chosen);
  add_workload(run, chosen);
  add_rest(run, chosen);
  auto& compare = *app.add_subcommand("compare", "Two results side by side, and what the second is to the first.");
  compare.add_option("A", compared.a, "What run --json wrote")->required();
  compare.add_option("B", compared.b, "The same")->required();
  compare.add_option("--html", compared.html_file, "Write a report of both as well")->type_name("FILE");
  auto& tell = *app.add_subcommand("report", "One page with plots of any number of results.");
  tell.add_option("FILE", reported.files, "What run --json wrote")->required();
  tell.add_option("--html", reported.html_file, "The page to write")->type_name("FILE")->required();
  try {
    app.parse(argc, argv);
    if (const auto* const problem = run.parsed() ? contradiction_in(chosen) : nullptr) {
      throw CLI::ValidationError("rollcall-bench", problem);
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (run.parsed()) {
    return chosen;
  }
  return compare.parsed() ? std::variant<plan, comparison, report, int>(compared) : reported;
}

} // namespace rollcall::load
