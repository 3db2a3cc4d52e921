#pragma once

#include "load/collector.hpp"
#include "load/connection.hpp"
#include "load/control.hpp"
#include "load/judge.hpp"
#include "load/moments.hpp"
#include "load/pace.hpp"
#include "load/wishes.hpp"
#include "load/work.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::load {

/// One thread of clients with an epoll set of its own. Nothing is allocated for a request, but after failures and for
/// writes.
class worker {
public:
  /// All but `plan` outlive it.
  worker(const work& todo, control& orders, collector& results, std::size_t index);

  /// Primes, waits for the word, asks until the end, waits for the last answers, and returns.
  void run();

private:
  // worker.cpp: what is asked, and when
  void prime();
  void load();
  void finish();
  void fill(connection& c, std::int64_t now);
  [[nodiscard]] wishes::wish wish_for(const connection& c);
  bool add_wish(connection& c, std::int64_t intended, std::int64_t now);
  void send_due(std::int64_t now);
  void start_herd(std::int64_t now);
  void report_seconds(std::int64_t now);
  [[nodiscard]] std::int64_t next_wake(std::int64_t now) const;

  // exchange.cpp: how
  void poll(std::int64_t until);
  void on_event(connection& c, std::uint32_t events);
  void on_bytes(connection& c, bool hung_up);
  std::size_t take_answer(connection& c, std::string_view bytes, std::size_t& needed, bool& broken);
  void count(const asked& q, const answer_head& head, std::string_view body, std::int64_t now);
  void ask(connection& c, asked q, std::string_view path = {}, std::string_view token = {}, std::string_view body = {});
  void flush(connection& c, std::int64_t now);
  void connect(connection& c, std::int64_t now);
  void on_free(connection& c, std::int64_t now);
  void lose(connection& c, std::uint64_t failures::* why, std::int64_t now);
  void sweep(std::int64_t now);
  [[nodiscard]] bool counts(std::int64_t intended) const;
  moment& moment_of(std::int64_t intended);
  [[nodiscard]] bool can_take(const connection& c) const;

  enum class phase : std::uint8_t { priming, waiting, loading, draining };

  const work& todo_;
  const plan& plan_;
  control& orders_;
  collector& results_;
  std::size_t index_;
  judge judge_;
  herding::descriptor set_;
  spare_buffers spare_;
  std::vector<connection> connections_; // those of the herd last; never grows once they are watched
  std::size_t usual_ = 0;               // how many are not the herd's
  std::size_t connecting_ = 0;
  std::deque<connection*> free_; // open loop: can take a question, longest idle first
  std::optional<wishes> wishes_;
  std::size_t recorded_at_ = 0;
  std::optional<pace> pace_;
  std::optional<pace> herd_pace_;
  std::size_t herd_at_ = 0;
  phase phase_ = phase::priming;
  std::size_t waiting_ = 0; // questions on their way
  std::int64_t next_sweep_ = 0;
  std::size_t second_ = 0;
  tally counted_;
  moments moments_;
  std::string scratch_; // requests that leave together
  std::string decoded_;
  std::vector<char> buffer_;
};

} // namespace rollcall::load
