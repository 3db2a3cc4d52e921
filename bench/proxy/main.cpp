// Stands between two programs and harms what they say to each other, as it is told on standard input.
#include "proxy/mode.hpp"
#include "proxy/relay.hpp"
#include "upstream/flags.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <string>

namespace {

using namespace rollcall;
namespace asio = boost::asio;

constexpr auto about = R"(Passes TCP connections on to an address, as well or as badly as it is told.)";

constexpr auto modes =
    R"(Lines on standard input change what it does, and each is confirmed by a line on standard output:
  pass        everything on, at once: how it begins
  mute        accepts and reads, passes nothing on. Connections it did that to are reset with the next line
  delay TIME  everything on, so much later, each way
  close       resets every connection, and new ones as soon as they are accepted
  refuse      resets every connection, and does not listen
  cut N       resets each connection after N more bytes toward the client
  garbage     random bytes toward the client, as many as it would have been sent

Try:
  (sleep 5; echo delay 1s; sleep 5; echo pass; sleep 60) |
      rollcall-proxy --listen 127.0.0.1:7000 --to 127.0.0.1:6379 &
  rollcall --redis redis://127.0.0.1:7000)";

std::string text_of(const net::tcp::endpoint& where) {
  std::ostringstream out;
  out << where;
  return out.str();
}

/// The orders, line by line. At their end the last one stays in force.
class orders {
public:
  orders(asio::io_context& context, proxy::relay& told) : input_(context, ::dup(STDIN_FILENO)), told_(told) {}

  void read() {
    asio::async_read_until(input_, asio::dynamic_buffer(pending_), '\n',
                           [this](const net::error_code& error, std::size_t size) {
                             if (error) {
                               return;
                             }
                             obey(std::string_view(pending_).substr(0, size - 1));
                             pending_.erase(0, size);
                             read();
                           });
  }

private:
  void obey(std::string_view line) {
    const auto wanted = proxy::parse_mode(line);
    if (wanted) {
      told_.set(*wanted);
    }
    fmt::print("{}\n", wanted ? "mode: " + proxy::to_text(*wanted) : fmt::format("no such mode: {}", line));
    std::fflush(stdout);
  }

  asio::posix::basic_stream_descriptor<net::executor> input_;
  proxy::relay& told_;
  std::string pending_;
};

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit); // without it fewer connections fit, and accepting waits its turn
  }
}

int run(const std::string& listen, const std::string& to) {
  const auto from = standin::parse_endpoint(listen);
  const auto target = standin::parse_endpoint(to);
  if (!from || !target) {
    fmt::print(stderr, "rollcall-proxy: {}: expected an address and a port\n", from ? to : listen);
    return EXIT_FAILURE;
  }
  raise_descriptor_limit();
  asio::io_context context(1);
  proxy::relay between(context, *from, *target);
  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&context](const net::error_code&, int) { context.stop(); });
  orders told(context, between);
  fmt::print("listening on {}\n", text_of(between.endpoint()));
  std::fflush(stdout);
  told.read();
  context.run();
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  std::string listen = "127.0.0.1:0";
  std::string to;
  CLI::App app(about, "rollcall-proxy");
  app.footer(modes);
  app.add_option("--listen", listen, "Where to listen (default 127.0.0.1:0, a free port)")->type_name("ADDRESS:PORT");
  app.add_option("--to", to, "Where to pass connections on to")->type_name("ADDRESS:PORT")->required();
  try {
    app.parse(argc, argv);
    return run(listen, to);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  } catch (const std::exception& error) {
    fmt::print(stderr, "rollcall-proxy: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
