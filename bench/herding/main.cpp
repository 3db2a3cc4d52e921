#include "herding/crowd.hpp"
#include "herding/flags.hpp"
#include "herding/instance.hpp"
#include "herding/message.hpp"
#include "herding/poller.hpp"
#include "herding/report.hpp"
#include "upstream/room.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace {

using namespace rollcall;
using herding::steady_clock;

constexpr std::chrono::seconds patience{10}; // beyond the delay
// A call that nobody needed may come a little later than the answers; and the next round finds everybody at rest.
constexpr std::chrono::milliseconds rest{50};

double milliseconds(steady_clock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

// A connection has two ends here with --self.
void take_all_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

std::vector<std::uint16_t> read_ports() {
  std::string line;
  std::getline(std::cin, line);
  std::istringstream words(line);
  std::vector<std::uint16_t> ports;
  for (std::uint16_t port = 0; words >> port;) {
    ports.push_back(port);
  }
  if (ports.empty() || !words.eof()) {
    throw std::runtime_error("expected the ports of the gateways, in one line on standard input");
  }
  return ports;
}

template <class Condition>
void poll_while(herding::poller& loop, herding::instance& upstream, steady_clock::time_point end, Condition going_on) {
  while (going_on() && steady_clock::now() < end) {
    const auto left = end - steady_clock::now();
    loop.wait(std::min<steady_clock::duration>(upstream.until_due().value_or(left), left));
    upstream.release();
  }
}

herding::report run_round(herding::poller& loop, herding::instance& upstream, herding::crowd& clients,
                          const herding::flags& chosen, const std::string& room) {
  const auto body =
      standin::render_room({.sizes = {standin::room_sizes::kind::fixed, chosen.members}}, room, standin::naming::first);
  const auto question = herding::question(room);
  const auto wrong_before = clients.wrong();
  upstream.begin(room, herding::answer_with(body));
  const auto began = steady_clock::now();
  clients.ask(question, body);
  const auto asked = steady_clock::now();
  poll_while(loop, upstream, asked + chosen.delay + patience, [&] { return !clients.served(); });
  poll_while(loop, upstream, steady_clock::now() + rest, [] { return true; });

  herding::report made;
  made.calls = upstream.calls();
  made.wrong = clients.wrong() - wrong_before;
  made.asking = milliseconds(asked - began);
  if (const auto answered = upstream.answered()) {
    // Among our own clients the writes are no part of what is asked: the clients' own time.
    const auto from = chosen.self ? answered->last : answered->first;
    made.answering = milliseconds(answered->last - answered->first);
    for (const auto arrival : clients.arrivals()) {
      made.latencies.push_back(milliseconds(arrival - from));
    }
  }
  return made;
}

int run(const herding::flags& chosen) {
  take_all_descriptors();
  herding::poller loop;
  herding::instance upstream(loop, chosen.port, chosen.delay, chosen.self ? chosen.askers : 1);
  fmt::print("listening on http://127.0.0.1:{}\n", upstream.port());
  std::fflush(stdout);
  const auto ports = chosen.self ? std::vector{upstream.port()} : read_ports();
  herding::crowd clients(loop, chosen.askers, ports);
  std::random_device random; // a gateway, or its Redis, may remember an earlier run
  for (std::size_t round = 1; round <= chosen.rounds; ++round) {
    auto made = run_round(loop, upstream, clients, chosen, fmt::format("{}{:03}@chatroom", random(), round));
    made.round = round;
    const bool complete = made.latencies.size() == chosen.askers;
    fmt::print("{}\n", herding::to_json(std::move(made)));
    std::fflush(stdout);
    if (!complete) { // late answers would be taken for those of the next round
      throw std::runtime_error("not everybody got the list");
    }
  }
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  try {
    const auto parsed = herding::parse_flags(argc, argv);
    if (const auto* const status = std::get_if<int>(&parsed)) {
      return *status;
    }
    return run(std::get<herding::flags>(parsed));
  } catch (const std::exception& error) {
    fmt::print(stderr, "rollcall-herd: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
