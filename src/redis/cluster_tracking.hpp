#pragma once

#include "rollcall/redis/tracking.hpp"

#include "cluster_watch.hpp"

#include <memory>
#include <string>
#include <vector>

namespace rollcall::redis {

/// Tracking of a cluster: one of each master that has slots, as no master tells of another's keys. It is up while all
/// that the map names are, and its observer hears of each change on any of them, the gaps of others included.
///
/// Held by its owner and by the task that follows the cluster's changes; one thread.
class cluster_tracking final : public cluster_watch {
public:
  /// How long a master that nobody told of stays unnoticed, at most: a slot may move to one whose changes nobody is
  /// told.
  static constexpr std::chrono::milliseconds period{1000};

  cluster_tracking(const net::executor& where, const deployment& at, std::string name_space, observer& told,
                   tracking_options options);
  ~cluster_tracking() override;

  /// Instead of start(). Keeps the roll of masters, if there is one.
  void open();
  /// Nothing is told any more.
  void close();

  [[nodiscard]] const tracking_stats& stats() const noexcept { return *stats_; }
  /// The masters, and whether each is tracked.
  [[nodiscard]] std::vector<tracked_server> servers() const;

private:
  class part;

  void surveyed() override;
  [[nodiscard]] bool settled() const override { return whole_; }
  void judge();

  std::string name_space_;
  observer& told_;
  tracking_options options_;
  std::shared_ptr<tracking_stats> stats_ = std::make_shared<tracking_stats>();
  std::vector<std::unique_ptr<part>> parts_; ///< of each master
  bool whole_ = false;
};

} // namespace rollcall::redis
