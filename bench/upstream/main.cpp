#include "upstream/flags.hpp"
#include "upstream/platform.hpp"
#include "upstream/server.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <variant>

namespace {

using namespace rollcall;

void announce(const net::tcp::endpoint& where) {
  std::ostringstream address;
  address << where;
  fmt::print("listening on http://{}\n", address.str());
  std::fflush(stdout);
}

int run(const standin::flags& chosen) {
  standin::platform instance(chosen.rooms, chosen.mishaps);
  standin::server server(chosen.listen, chosen.threads, instance);
  announce(server.endpoint());
  server.run();
  if (!chosen.quiet) {
    fmt::print(stderr, "rollcall-upstream: {} calls on {} connections\n", instance.counts().total(),
               instance.counts().accepted());
  }
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  try {
    const auto parsed = standin::parse_flags(argc, argv);
    if (const auto* const status = std::get_if<int>(&parsed)) {
      return *status;
    }
    return run(std::get<standin::flags>(parsed));
  } catch (const std::exception& error) {
    fmt::print(stderr, "rollcall-upstream: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
