#pragma once

#include "rollcall/cache/identity.hpp"
#include "rollcall/cache/scope.hpp"
#include "rollcall/net/executor.hpp"
#include "rollcall/ops/counter.hpp"
#include "rollcall/redis/endpoint.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace rollcall::redis {

/// Who is told what changes in Redis. Called on the tracking's thread; must neither throw nor block.
class observer {
public:
  virtual ~observer() = default;

  /// From now on everything that changes is told.
  virtual void tracking_up() = 0;
  /// Whatever changes from now on, and perhaps already did, is not told.
  virtual void tracking_down() = 0;
  /// The value of that identity was written, purged, deleted, or has expired.
  virtual void value_changed(const cache::identity& id) = 0;
  /// The lease of that identity was taken, renewed, released, or has expired.
  virtual void lease_changed(const cache::identity& id) = 0;
  /// A purge of that scope was carried out, here or elsewhere.
  virtual void purged(const cache::scope& s) = 0;
  /// Anything may have changed (FLUSHALL, FLUSHDB).
  virtual void everything_changed() = 0;
};

struct tracking_options {
  /// For one attempt: resolving, connecting, AUTH, SELECT, CLIENT TRACKING and SUBSCRIBE together.
  std::chrono::milliseconds connect_timeout{2000};
  std::chrono::milliseconds backoff_first{50};
  std::chrono::milliseconds backoff_most{1000};
  /// Redis is asked for a sign of life when it has said nothing for `heartbeat`, and the connection given up when it
  /// has said nothing for `silence`, which is longer: the bound within which a loss that nobody reports is noticed.
  std::chrono::milliseconds heartbeat{1000};
  std::chrono::milliseconds silence{3000};
};

/// Counters, written by the tracking's thread and read by any.
struct tracking_stats {
  ops::counter up;       ///< gauge: 1 while everything that changes is told
  ops::counter connects; ///< times that it came up
  ops::counter failures; ///< attempts that did not
  ops::counter messages; ///< invalidation messages
  ops::counter keys;     ///< keys in them
  ops::counter foreign;  ///< of those, the ones that are none of ours to understand
  ops::counter flushes;  ///< messages that said everything, those included that could not be read
};

/// A server that tells what changes there, or does not at the moment.
struct tracked_server {
  std::string name;
  bool up = false;
};

class cluster_tracking;

/// The one connection of a process on which Redis tells which keys change, or, in a cluster, the one to each master:
/// `CLIENT TRACKING ON REDIRECT <own id> BCAST PREFIX <namespace>:` and then `SUBSCRIBE __redis__:invalidate`. In RESP2
/// a connection may redirect to itself, so that tracking and delivery live and die together. It keeps itself connected;
/// every gap is told by tracking_down(), as is a master of a cluster that was not tracked before it became one.
///
/// One thread; may be destroyed at any time after stop() (the destructor calls it), but before the io_context.
class tracking {
public:
  /// `told` outlives the tracking's last call, which stop() ends.
  tracking(const net::executor& where, const deployment& at, std::string name_space, observer& told,
           tracking_options options = {});
  /// Of one server, which counts into what others count into as well: all but `up` and `connects`, which are about all
  /// of them together.
  tracking(const net::executor& where, endpoint at, std::string name_space, observer& told, tracking_options options,
           std::shared_ptr<tracking_stats> shared);
  ~tracking();
  tracking(const tracking&) = delete;
  tracking& operator=(const tracking&) = delete;

  void start();
  void stop();

  [[nodiscard]] const tracking_stats& stats() const noexcept;
  /// Whom it listens to. Called on its thread.
  [[nodiscard]] std::vector<tracked_server> servers() const;

private:
  class keeper;
  /// One of the two.
  std::shared_ptr<keeper> keeper_;
  std::shared_ptr<cluster_tracking> cluster_;
};

} // namespace rollcall::redis
