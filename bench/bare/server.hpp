#pragma once

#include "herding/poller.hpp"

#include <netinet/in.h>

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace rollcall::bare {

/// Answers every read that ends a request with the same bytes: what epoll, recv and send cost, and no more. It does not
/// parse; a read ends a request when its last byte does (`}` after a JSON object, the blank line after a head), and
/// requests that arrive in one read get one answer. Keeps connections for as long as their clients do.
class server : herding::poller::watcher {
public:
  /// Listens; throws std::system_error. `answer` is head and body.
  server(const sockaddr_in& where, std::string answer);
  ~server();

  [[nodiscard]] sockaddr_in endpoint() const;

  /// Does not return; throws std::system_error.
  [[noreturn]] void run();

private:
  class connection;

  void on_ready() override;

  std::string answer_;
  std::vector<char> buffer_; ///< one for all reads
  herding::poller loop_;
  herding::descriptor listening_;
  std::unordered_map<int, std::unique_ptr<connection>> connections_; ///< by descriptor
  std::vector<int> ended_; ///< not to be destroyed before the loop's turn is over
};

} // namespace rollcall::bare
