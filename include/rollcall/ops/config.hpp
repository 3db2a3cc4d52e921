#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::ops {

using milliseconds = std::chrono::milliseconds;

/// An address to listen on: `127.0.0.1:8080`, `[::1]:8080`. Port 0 takes any free one. `host` is always a numeric
/// address, without brackets.
struct listen_address {
  std::string host;
  std::uint16_t port = 0;

  [[nodiscard]] std::string to_string() const;
  bool operator==(const listen_address&) const = default;
};

struct upstream_instance {
  std::string url;
  std::vector<std::string> wids;

  bool operator==(const upstream_instance&) const = default;
};

/// The whole configuration, with the defaults that conf/rollcall.toml documents.
struct config {
  struct {
    listen_address listen{"0.0.0.0", 8080};
    unsigned threads = 0;                              ///< 0: one per core
    unsigned max_connections = 10000;                  ///< client connections of the whole process
    unsigned max_in_flight = 4000;                     ///< requests under way to instances
    std::size_t max_buffered = std::size_t{256} << 20; ///< bytes that wait for slow clients and instances
    milliseconds head_timeout{10'000};
    milliseconds body_timeout{30'000};
    milliseconds idle_timeout{75'000};
    milliseconds write_timeout{30'000};
    milliseconds drain_timeout{30'000};
  } server;
  struct {
    listen_address listen{"127.0.0.1", 9090};
  } admin;
  struct {
    milliseconds fresh{60'000};
    milliseconds stale_while_revalidate{300'000};
    milliseconds stale_if_error{3'600'000};
    milliseconds failure{3'000};
    double jitter = 0.1;
    double early_refresh = 1.0; ///< beta of XFetch: how much ahead of its end an answer is renewed; 0: never ahead
    std::size_t memory = std::size_t{256} << 20; ///< bytes; 0 turns the memory cache off
  } cache;
  struct {
    /// The writes that drop what is cached, as bots ask for them.
    std::vector<std::string> paths{"/addChatRoomMember",
                                   "/inviteChatRoomMember",
                                   "/deleteChatRoomMember",
                                   "/delGroupContact",
                                   "/quitChatRoom",
                                   "/updateIInChatRoomNickName",
                                   "/operateChatRoom",
                                   "/agreeAddChatRoomMember",
                                   "/addChatRoomMemberVerify",
                                   "/scanJoinRoom",
                                   "/acceptUrl",
                                   "/logout"};
  } invalidate;
  struct {
    std::string forward; ///< URL that callbacks are handed on to; empty: nowhere
  } events;
  struct {
    std::string url; ///< empty: memory only
    milliseconds timeout{50};
    std::string name_space = "rollcall"; ///< `namespace` in the file
    std::string ca;                      ///< PEM file of the authorities that TLS trusts; empty: the system's
  } redis;
  struct {
    milliseconds timeout{10'000};
    milliseconds connect_timeout{2'000};
    milliseconds dns_ttl{30'000};
    unsigned eject_after = 5; ///< failures in a row; 0: never
    milliseconds eject_for{250};
    milliseconds eject_for_most{1'000};
    std::string probe; ///< path; empty: none
    milliseconds probe_interval{1'000};
    std::string ca;          ///< file; empty: the system's store
    milliseconds spacing{0}; ///< between two calls of one wId, at least; 0: none
    double spacing_jitter = 0.2;
    unsigned per_wid = 0;           ///< calls of one wId at one time; 0: as many as come
    unsigned concurrency = 200;     ///< calls to one instance at one time, at most
    unsigned concurrency_least = 4; ///< what adapting never goes below
    double retries = 0.2;           ///< share of calls that may be made again
    std::vector<upstream_instance> instances{{"http://127.0.0.1:18081", {}}};
  } upstream;
  struct {
    std::string level = "info"; ///< trace, debug, info, warn, error
    bool access = false;        ///< one line a request
  } log;
};

/// What is wrong, as one line for the operator: `conf/rollcall.toml:12: cache.fresh: "60x" is not a duration ...`.
class config_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `60s`, `250ms`, `10m`, `1h`; nullopt when it is none or does not fit.
std::optional<milliseconds> parse_duration(std::string_view text);
/// `256MiB`, `512KiB`, `1GiB`, `4096B`, or a plain number of bytes.
std::optional<std::size_t> parse_size(std::string_view text);
/// A numeric address and a port, as `listen_address` writes it; `localhost` is taken for 127.0.0.1.
std::optional<listen_address> parse_address(std::string_view text);

/// Reads a file. Throws config_error: unknown key, wrong type, impossible value, unreadable file. Of several mistakes
/// the first in the file is named. A URL is never quoted, since it may hold a password.
config load_config(const std::filesystem::path& file);

/// Keys, as `section.name`, whose values differ between two configurations.
struct config_changes {
  std::vector<std::string> live;     ///< may change while the process runs
  std::vector<std::string> at_start; ///< need a restart
};

/// Gives `running` what `wanted` says of every key that may change while the process runs.
config_changes take_over(config& running, const config& wanted);

/// What the command line asked for.
struct command_line {
  config settings;
  std::string file;       ///< --config; empty: none
  bool check = false;     ///< --check: validate and leave
  bool take_over = false; ///< --take-over: from the process that has the port, if one has
};

/// Reads the arguments (and the file that --config names; flags win over the file). Prints and returns an exit code
/// for --help, --version (0) and usage errors, an impossible value of a flag among them (2); throws config_error when
/// the file is at fault.
struct command_line_result {
  std::optional<command_line> run;
  int exit_code = 0;
};
command_line_result parse_command_line(int argc, const char* const* argv);

/// What the same arguments come to now that the file may have changed. Throws config_error, and prints nothing.
config read_again(int argc, const char* const* argv);

} // namespace rollcall::ops
