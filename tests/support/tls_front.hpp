#pragma once

#include "support/certificates.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace support {

/// Speaks TLS on a free loopback port and passes the plain bytes on to a server on another, both ways: a blocking
/// thread for each connection. When that server ends a connection, this one announces the end, unless `cuts_off`.
class tls_front {
public:
  tls_front(const certificates::pair& proof, std::uint16_t behind, int version = 0)
      : behind_(behind), context_(SSL_CTX_new(TLS_server_method())) {
    if (SSL_CTX_use_certificate_chain_file(context_, proof.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_, proof.key.c_str(), SSL_FILETYPE_PEM) != 1)
      throw std::runtime_error("the certificate cannot be used");
    if (version != 0)
      SSL_CTX_set_max_proto_version(context_, version);
    const unsigned char id = 1;
    SSL_CTX_set_session_id_context(context_, &id, 1);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("cannot listen on 127.0.0.1");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~tls_front() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_)
        ::shutdown(fd, SHUT_RDWR);
    }
    for (auto& t : threads_)
      t.join();
    SSL_CTX_free(context_);
  }
  tls_front(const tls_front&) = delete;
  tls_front& operator=(const tls_front&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  std::atomic<bool> cuts_off = false; ///< ends without announcing it
  std::atomic<int> handshakes = 0;    ///< that went well
  std::atomic<int> resumed = 0;       ///< of those
  std::atomic<int> connections = 0;

private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }

  void accept() {
    for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      ++connections;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    SSL* const tls = SSL_new(context_);
    SSL_set_fd(tls, fd);
    if (SSL_accept(tls) == 1) {
      ++handshakes;
      resumed += SSL_session_reused(tls) == 1 ? 1 : 0;
      const int plain = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const auto to = loopback(behind_);
      if (::connect(plain, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0)
        pump(tls, fd, plain);
      ::close(plain);
      if (!cuts_off)
        SSL_shutdown(tls);
    }
    SSL_free(tls);
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
  }

  static void pump(SSL* tls, int fd, int plain) {
    std::array<char, 20'000> buffer; // more than a record
    for (;;) {
      std::array<pollfd, 2> both{{{fd, POLLIN, 0}, {plain, POLLIN, 0}}};
      if (SSL_pending(tls) == 0 && ::poll(both.data(), both.size(), 10'000) <= 0)
        return;
      if (SSL_pending(tls) > 0 || both[0].revents != 0) {
        const int n = SSL_read(tls, buffer.data(), static_cast<int>(buffer.size()));
        if (n <= 0 || ::send(plain, buffer.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) != n)
          return;
      }
      if (both[1].revents != 0) {
        const auto n = ::recv(plain, buffer.data(), buffer.size(), 0);
        if (n <= 0 || SSL_write(tls, buffer.data(), static_cast<int>(n)) != n)
          return;
      }
    }
  }

  std::uint16_t behind_;
  SSL_CTX* context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread acceptor_;
  std::mutex mutex_; // guards what follows
  std::vector<int> open_;
  std::list<std::thread> threads_;
};

} // namespace support
