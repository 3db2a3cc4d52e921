#include "herding/flags.hpp"

#include "upstream/duration.hpp"
#include "upstream/room.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace rollcall::herding {
namespace {

constexpr auto about =
    R"(A stampede: many clients ask gateways for one list that nobody has, all at once, and this program is the
instance as well, so that one clock tells how long after the instance's answer everybody had it.

It says where the instance listens, then reads the ports of the gateways, which have to be on this
machine, from one line of standard input. Each round asks for a new room and prints a line of JSON:
  calls    to the instance; one, if the gateways do their work
  answers  right ones, byte for byte; wrong: all others
  asking   milliseconds it took to send all requests
  answering         from the instance's first answer to its last, which is the same one if there is one call
  min p50 p99 max   milliseconds from the instance's first answer to the clients'; with --self, from its last)";

constexpr auto examples = R"(Try, or let bench/herd do all of it:
  rollcall --listen 127.0.0.1:8080 --upstream http://127.0.0.1:18081 &
  echo 8080 | rollcall-herd --port 18081
  rollcall-herd --self    # its own floor)";

} // namespace

std::variant<flags, int> parse_flags(int argc, char** argv) {
  flags chosen;
  CLI::App app(about, "rollcall-herd");
  app.footer(examples);
  const auto number = [&app](const char* name, auto& value, auto least, auto most, const char* help) {
    app.add_option(name, value, help)->type_name("N")->check(CLI::Range(least, most).description(""));
  };
  number("--askers", chosen.askers, 1, 10000, "Clients (default 500)");
  number("--rounds", chosen.rounds, 1, 100000, "How often they ask (default 20)");
  number("--members", chosen.members, 0, static_cast<int>(standin::most_members),
         "Of the list, about 500 bytes each (default 4)");
  number("--port", chosen.port, 0, 65535, "Of the instance (default 0: any free one)");
  app.add_option_function<std::string>(
         "--delay",
         [&chosen](const std::string& text) {
           const auto parsed = standin::parse_duration(text);
           if (!parsed) {
             throw CLI::ValidationError("--delay", "'" + text + "': expected a duration such as 250us, 150ms or 2s");
           }
           chosen.delay = *parsed;
         },
         "How long the instance takes (default 300ms)")
      ->type_name("TIME");
  app.add_flag("--self", chosen.self,
               "The clients ask the instance here, which answers all at once: what is left is their own time");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return chosen;
}

} // namespace rollcall::herding
