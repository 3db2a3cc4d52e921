#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace rollcall::redis {

class cluster_roll;
class master_watch;

/// Where a Redis server is and who we are there.
struct endpoint {
  /// A UNIX socket when not empty; host and port are then unused.
  std::string path;
  /// A name or an address; IPv6 without brackets.
  std::string host;
  std::uint16_t port = 6379;
  /// Empty for Redis' default user.
  std::string user;
  /// Empty: do not authenticate.
  std::string password;
  unsigned database = 0;
  /// Over TLS (rediss://), and the server has to prove that it is `host`.
  bool tls = false;
  /// For TLS: what makes us believe the proof (net::open_tls). A parsed URL has none; whoever connects gives it one.
  std::shared_ptr<boost::asio::ssl::context> trust = {};
  /// A replica will not do: who named it a master may be behind the times.
  bool must_be_master = false;

  /// For messages: without user and password.
  [[nodiscard]] std::string to_string() const;
};

/// Reads `redis://[user:pass@]host[:port][/db]`, the same with `rediss://` for TLS, and
/// `unix://[user:pass@]/path[?db=N]` (percent-encoding undone), or says what is wrong with it in a sentence that quotes
/// neither user nor password.
std::expected<endpoint, std::string> parse_url(std::string_view url);

struct host_port {
  std::string host;
  std::uint16_t port = 6379;

  bool operator==(const host_port&) const = default;
};

/// Redis in one of its forms.
struct deployment {
  enum class form {
    single = 1, ///< one server
    sentinel,   ///< a master and replicas that Sentinels watch and tell of
    cluster,    ///< masters that share the slots (Redis Cluster)
  };

  deployment() = default;
  // One server is the usual form.
  deployment(endpoint only) : server(std::move(only)) {} // NOLINT(google-explicit-constructor)

  form how = form::single;
  /// `single`: the server. Otherwise who we are at each server, and whether over TLS; path, host and port are unused.
  endpoint server;
  /// `sentinel`: the Sentinels. `cluster`: some of its nodes, by which the others are found.
  std::vector<host_port> nodes;
  /// `sentinel`: by which name the Sentinels know the master.
  std::string master;
  /// `sentinel`: who we are at the Sentinels themselves; most do not ask. As in an endpoint.
  std::string sentinel_user;
  std::string sentinel_password;
  /// `sentinel`: knows where the master is. A parsed URL has none; whoever connects gives all that do the same one.
  std::shared_ptr<master_watch> watch = {};
  /// `cluster`: which masters may be used. A parsed URL has none, and then all may; whoever connects gives all that do
  /// the same one.
  std::shared_ptr<cluster_roll> roll = {};

  /// For messages: without user and password.
  [[nodiscard]] std::string to_string() const;
};

/// Reads what parse_url() reads and lists of hosts, or says what is wrong with it in the same way:
///
///     redis+sentinel://[user:pass@]host[:26379],host/master-name[/db][?sentinel_user=u&sentinel_password=p]
///     redis+cluster://[user:pass@]host[:6379],host
///
/// and both with `rediss+` for TLS, to the Sentinels too.
std::expected<deployment, std::string> parse_deployment(std::string_view url);

} // namespace rollcall::redis
