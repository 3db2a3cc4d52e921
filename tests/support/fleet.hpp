#pragma once

#include "support/counting_upstream.hpp"
#include "support/observe.hpp"
#include "support/raw_client.hpp"
#include "support/redis_server.hpp"
#include "support/running_gateway.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace support {

/// An instance with rooms that change: its answer for a room is the room's edition, a number that the test raises. It
/// reads the edition when it is asked and answers after a while, so that what it says may be out of date by then.
class changing_rooms {
public:
  explicit changing_rooms(std::chrono::milliseconds delay = {}) : delay_(delay) {}

  void takes(std::chrono::milliseconds delay) {
    const std::lock_guard lock(mutex_);
    delay_ = delay;
  }
  /// From now on everything is answered with this, or with lists again when it is empty.
  void answers(std::string whole) {
    const std::lock_guard lock(mutex_);
    instead_ = std::move(whole);
  }
  /// The room's list has changed.
  void change(std::string_view room) {
    const std::lock_guard lock(mutex_);
    ++editions_[std::string(room)];
  }
  [[nodiscard]] int edition(std::string_view room) {
    const std::lock_guard lock(mutex_);
    return editions_[std::string(room)];
  }
  /// Times that the room was asked for.
  [[nodiscard]] std::size_t calls(std::string_view room) {
    const std::lock_guard lock(mutex_);
    return calls_[std::string(room)];
  }

  [[nodiscard]] std::string url() const { return upstream_.url(); }
  [[nodiscard]] counting_upstream& peer() { return upstream_; }

  /// The edition that an answer tells; -1 for anything but a list.
  static int edition_in(std::string_view body) {
    constexpr std::string_view mark = R"("nickName":")";
    const auto at = body.find(mark);
    return at == body.npos ? -1 : std::stoi(std::string(body.substr(at + mark.size(), 9)));
  }

private:
  std::string answer(const seen_request& r) {
    std::string body;
    std::chrono::milliseconds delay;
    {
      const std::lock_guard lock(mutex_);
      delay = delay_;
      if (!instead_.empty()) {
        body = instead_;
      } else if (r.target() != "/getChatRoomMember") {
        return http_answer(R"({"message":"ok","code":"1000","data":null})");
      } else {
        constexpr std::string_view mark = R"("wcId":")";
        auto room = r.body.substr(r.body.find(mark) + mark.size());
        room.erase(room.find('"'));
        ++calls_[room];
        body = http_answer(
            fmt::format(R"({{"code":"1000","data":[{{"userName":"{}","nickName":"{:09}"}}]}})", room, editions_[room]));
      }
    }
    std::this_thread::sleep_for(delay);
    return body;
  }

  std::mutex mutex_; // guards all but the upstream
  std::chrono::milliseconds delay_;
  std::string instead_;
  std::map<std::string, int, std::less<>> editions_;
  std::map<std::string, std::size_t, std::less<>> calls_;
  counting_upstream upstream_{[this](const seen_request& r) { return answer(r); }};
};

inline std::string ask_for(std::string_view room, std::string_view more_fields = {}, std::string_view w_id = "w") {
  return members_request(fmt::format(R"({{"wId":"{}","wcId":"{}"}})", w_id, room), more_fields);
}

/// A POST to the admin port, over a connection of its own.
inline raw_answer post_admin(std::uint16_t port, std::string_view path, std::string_view body) {
  return raw_client(port).ask(fmt::format(
      "POST {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", path, body.size(), body));
}

inline raw_answer purge_at(std::uint16_t admin_port, std::string_view room, std::string_view w_id = "w") {
  return post_admin(admin_port, "/purge", fmt::format(R"({{"wId":"{}","wcId":"{}"}})", w_id, room));
}

/// Gateways in this process that share a Redis, or none.
class fleet {
public:
  fleet(std::size_t size, const std::string& upstream, const std::string& redis,
        void (*adjust)(rollcall::ops::config&) = nullptr) {
    auto settings = running_gateway::settings_for(upstream, redis);
    settings.redis.timeout = std::chrono::seconds(2); // a busy machine is not what these tests are about
    settings.cache.early_refresh = 0;
    if (adjust)
      adjust(settings);
    for (std::size_t i = 0; i < size; ++i)
      gateways_.push_back(std::make_unique<running_gateway>(settings));
    if (!redis.empty())
      for (auto& g : gateways_)
        if (!in_step(*g, settings.server.threads))
          throw std::runtime_error("a gateway does not find its Redis");
  }

  running_gateway& operator[](std::size_t i) { return *gateways_[i]; }
  [[nodiscard]] std::size_t size() const { return gateways_.size(); }
  auto begin() { return gateways_.begin(); }
  auto end() { return gateways_.end(); }

  /// The gateway is connected to Redis, and told what changes there.
  static bool in_step(running_gateway& g, unsigned threads) {
    return eventually([&] {
      return metric(g.admin_port(), "rollcall_tracking_up") == 1 &&
             metric(g.admin_port(), "rollcall_redis_connections") == threads + 1;
    });
  }

private:
  std::vector<std::unique_ptr<running_gateway>> gateways_;
};

} // namespace support
