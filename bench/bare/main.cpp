#include "bare/server.hpp"
#include "upstream/room.hpp"

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace rollcall;

constexpr auto about =
    R"(The yardstick of bench/compare: one thread and epoll, which answers every read that ends a request with the
same bytes from memory, whatever was asked. No server that reads its requests can cost less.)";

// As Rollcall's answer from memory, so that both send as many bytes. The date does not advance.
constexpr std::string_view head = "HTTP/1.1 200 OK\r\n"
                                  "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
                                  "Age: 10\r\n"
                                  "Cache-Status: rollcall; hit; ttl=50; detail=memory\r\n"
                                  "Content-Type: application/json;charset=UTF-8\r\n"
                                  "Content-Length: {}\r\n"
                                  "Vary: Accept-Encoding\r\n"
                                  "\r\n";

struct flags {
  sockaddr_in listen = {};
  std::string file;
  std::string room = "123@chatroom";
  std::size_t members = 4;
};

std::optional<sockaddr_in> parse_endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  sockaddr_in parsed{};
  parsed.sin_family = AF_INET;
  std::uint16_t port = 0;
  const auto* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc() || stopped != end ||
      ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &parsed.sin_addr) != 1) {
    return std::nullopt;
  }
  parsed.sin_port = htons(port);
  return parsed;
}

std::string to_text(const sockaddr_in& endpoint) {
  std::array<char, INET_ADDRSTRLEN> address{};
  ::inet_ntop(AF_INET, &endpoint.sin_addr, address.data(), address.size());
  return fmt::format("{}:{}", address.data(), ntohs(endpoint.sin_port));
}

void add_flags(CLI::App& app, flags& chosen) {
  chosen.listen = parse_endpoint("127.0.0.1:18082").value();
  app.add_option_function<std::string>(
         "--listen",
         [&chosen](const std::string& text) {
           const auto parsed = parse_endpoint(text);
           if (!parsed) {
             throw CLI::ValidationError("--listen", "'" + text + "': expected an IPv4 address and a port");
           }
           chosen.listen = *parsed;
         },
         "Where to listen; port 0 takes a free one (default 127.0.0.1:18082)")
      ->type_name("ADDRESS:PORT");
  app.add_option("--file", chosen.file, "The body of the answer (default: the list of a room)")
      ->type_name("FILE")
      ->check(CLI::ExistingFile.description(""));
  app.add_option("--room", chosen.room, "Whose list, as the stand-in answers it (default 123@chatroom)")
      ->type_name("ID");
  app.add_option("--members", chosen.members, "Of the list (default 4)")
      ->type_name("N")
      ->check(CLI::Range(0, static_cast<int>(standin::most_members)).description(""));
}

std::string body_of(const flags& chosen) {
  if (chosen.file.empty()) {
    return standin::render_room({.sizes = {standin::room_sizes::kind::fixed, chosen.members}}, chosen.room,
                                standin::naming::first);
  }
  std::ifstream file(chosen.file, std::ios::binary);
  std::string body{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) {
    throw std::runtime_error("cannot read " + chosen.file);
  }
  return body;
}

} // namespace

int main(int argc, char** argv) {
  flags chosen;
  CLI::App app(about, "rollcall-bare");
  try {
    add_flags(app, chosen);
    app.parse(argc, argv);
    const auto body = body_of(chosen);
    bare::server server(chosen.listen, fmt::format(head, body.size()) + body);
    fmt::print("listening on http://{}\n", to_text(server.endpoint()));
    std::fflush(stdout);
    server.run();
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rollcall-bare: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
