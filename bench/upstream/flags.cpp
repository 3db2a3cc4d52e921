#include "upstream/flags.hpp"

#include "upstream/duration.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

namespace rollcall::standin {
namespace {

constexpr auto about =
    R"(A stand-in for one instance of the WeChat bot platform, to develop bots against and to test Rollcall with.

It invents rooms: whoever asks for the members of any <number>@chatroom gets the same people
again, as long as --seed and --members are the same and nobody changes the room through the API.)";

constexpr auto examples = R"(Try:
  rollcall-upstream &
  curl -d '{"wId":"w1","wcId":"123@chatroom"}' http://127.0.0.1:18081/getChatRoomMember
  curl -d '{"wId":"w1","chatRoomId":"123@chatroom","userList":"wxid_new"}' \
       http://127.0.0.1:18081/addChatRoomMember
  curl http://127.0.0.1:18081/__stats

A slow and moody instance:
  rollcall-upstream --latency 150ms --jitter 50ms --fail 0.05 --error 0.01

Beside the platform's API, never delayed nor counted:
  GET /__stats    what was asked so far          POST /__reset       start counting anew
  GET /__headers  the request as it arrived      POST /echo          the body, unchanged
  GET /__slow?bytes=N&chunk=M&delay=5ms          POST /echo-length   its length and SHA-256
  GET /__status?code=N

  POST /__fault {"mode": "hang"}     how every call fares from now on: none, hang, error, garbage, noise, close, cut,
                                     or {"mode": "slow", "delay": "2s"}

A wId that contains "logged-out", or that called /logout, gets failures only.)";

/// A value in our own notation: explained by `hint` where it does not parse.
template <class T>
void add_parsed(CLI::App& app, const std::string& name, T& value, std::optional<T> (*parse)(std::string_view),
                const std::string& type, const std::string& help, const std::string& hint) {
  app.add_option_function<std::string>(
         name,
         [&value, parse, name, hint](const std::string& text) {
           const auto parsed = parse(text);
           if (!parsed) {
             throw CLI::ValidationError(name, "'" + text + "': expected " + hint);
           }
           value = *parsed;
         },
         help)
      ->type_name(type);
}

} // namespace

std::optional<net::tcp::endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return std::nullopt;
  }
  std::uint16_t port = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  net::error_code error;
  const auto address = net::asio::ip::make_address(std::string(host), error);
  if (error || bad != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return net::tcp::endpoint(address, port);
}

std::optional<room_sizes> parse_sizes(std::string_view text) {
  if (text == "small") {
    return room_sizes{room_sizes::kind::small};
  }
  if (text == "mixed") {
    return room_sizes{room_sizes::kind::mixed};
  }
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count > most_members) {
    return std::nullopt;
  }
  return room_sizes{room_sizes::kind::fixed, count};
}

std::variant<flags, int> parse_flags(int argc, char** argv) {
  flags chosen;
  chosen.listen = {net::asio::ip::address_v4::loopback(), 18081};
  CLI::App app(about, "rollcall-upstream");
  app.footer(examples);
  const auto share = CLI::Range(0.0, 1.0).description("");
  const std::string durations = "a duration such as 250us, 150ms or 2s";
  add_parsed(app, "--listen", chosen.listen, parse_endpoint, "ADDRESS:PORT",
             "Where to listen (default 127.0.0.1:18081); port 0 takes a free one", "an address and a port");
  app.add_option("--threads", chosen.threads, "Threads that serve, up to 256 (default 1)")
      ->type_name("N")
      ->check(CLI::Range(1, 256).description(""));
  app.add_option("--seed", chosen.rooms.seed, "Of all that is random (default 1)")->type_name("N");
  add_parsed(app, "--members", chosen.rooms.sizes, parse_sizes, "N|small|mixed",
             "Size of rooms, up to 500 (default mixed: log-normal, median 40)", "0 to 500, small or mixed");
  add_parsed(app, "--latency", chosen.mishaps.latency, parse_duration, "TIME",
             "How long each call takes, such as 150ms (default 0)", durations);
  add_parsed(app, "--jitter", chosen.mishaps.jitter, parse_duration, "TIME",
             "How far the latency strays, evenly, either way (default 0)", durations);
  app.add_option("--fail", chosen.mishaps.failure_rate, "Share of calls that get the documented failure, 0 to 1")
      ->type_name("RATE")
      ->check(share);
  app.add_option("--error", chosen.mishaps.error_rate, "Share of calls that get HTTP 500 and a page of HTML")
      ->type_name("RATE")
      ->check(share);
  app.add_flag("--code-int", chosen.rooms.style.int_code, R"(Write "code":1000, as the platform's table has it)");
  app.add_flag("--msg", chosen.rooms.style.msg, R"(Write "msg" for "message", as the platform's table has it)");
  app.add_flag("--quiet", chosen.quiet, "No summary at the end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  chosen.mishaps.seed = chosen.rooms.seed;
  return chosen;
}

} // namespace rollcall::standin
