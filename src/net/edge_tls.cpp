#include "rollcall/net/edge_tls.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/bio.h>
#include <openssl/err.h>

#include <algorithm>
#include <new>
#include <utility>

namespace rollcall::net {

namespace {

constexpr std::size_t record_most = std::size_t{16} << 10;

} // namespace

/// OpenSSL's way to the socket. Not its own (SSL_set_fd): the socket has to know what was read of it.
struct edge_bio {
  static edge_tls& of(BIO* b) { return *static_cast<edge_tls*>(BIO_get_data(b)); }

  template <class Result>
  static int tell(BIO* b, const Result& n, int retry) {
    BIO_clear_retry_flags(b);
    if (n)
      return static_cast<int>(*n);
    if (n.error() == asio::error::would_block)
      BIO_set_flags(b, retry | BIO_FLAGS_SHOULD_RETRY);
    else
      of(b).socket_error_ = n.error();
    return -1;
  }

  static int read(BIO* b, char* to, int size) {
    return tell(b, of(b).socket_.read({to, static_cast<std::size_t>(size)}), BIO_FLAGS_READ);
  }
  static int write(BIO* b, const char* from, int size) {
    const iovec part{const_cast<char*>(from), static_cast<std::size_t>(size)};
    return tell(b, of(b).socket_.write({&part, 1}), BIO_FLAGS_WRITE);
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const all = [] {
      auto* const m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "edge socket");
      if (m == nullptr)
        throw std::bad_alloc();
      BIO_meth_set_read(m, read);
      BIO_meth_set_write(m, write);
      BIO_meth_set_ctrl(m, control);
      return m;
    }();
    return all;
  }
};

edge_tls::edge_tls(tls_context& context, edge_socket& over, const std::string& host, const tls_session& resume)
    : socket_(over), connection_(SSL_new(context.native_handle())) {
  auto* const to = BIO_new(edge_bio::method());
  if (!connection_ || to == nullptr) {
    BIO_free(to);
    throw std::bad_alloc();
  }
  BIO_set_data(to, this);
  BIO_set_init(to, 1);
  SSL_set_bio(connection_.get(), to, to); // and owns it
  SSL_set_options(connection_.get(), SSL_OP_NO_RENEGOTIATION);
  SSL_set_mode(connection_.get(),
               SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  if (!expect_server(connection_.get(), host))
    throw std::bad_alloc();
  if (resume)
    SSL_set_session(connection_.get(), resume.get());
  SSL_set_connect_state(connection_.get());
}

std::expected<void, error_code> edge_tls::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(connection_.get());
  wants_room_ = false;
  if (result == 1)
    return {};
  return what_ails(result);
}

bool edge_tls::refused_certificate() const noexcept {
  return SSL_get_verify_result(connection_.get()) != X509_V_OK;
}

std::expected<std::size_t, error_code> edge_tls::read(std::span<char> to) noexcept {
  room_for_read_ = false;
  std::size_t n = 0;
  ERR_clear_error();
  const int result = SSL_read_ex(connection_.get(), to.data(), to.size(), &n);
  wants_room_ = false;
  if (result == 1)
    return n;
  if (SSL_get_error(connection_.get(), result) == SSL_ERROR_ZERO_RETURN)
    return std::size_t{0};
  return what_ails(result);
}

std::expected<std::size_t, error_code> edge_tls::write(std::span<const iovec> from) {
  std::span<const char> bytes;
  if (from.size() == 1) {
    bytes = {static_cast<const char*>(from.front().iov_base), from.front().iov_len};
  } else {
    gathered_.clear();
    for (const auto& part : from) {
      const auto* const begin = static_cast<const char*>(part.iov_base);
      gathered_.insert(gathered_.end(), begin, begin + std::min(part.iov_len, record_most - gathered_.size()));
    }
    bytes = gathered_;
  }
  std::size_t n = 0;
  if (bytes.empty())
    return n;
  ERR_clear_error();
  // What a read waits for is told by reads.
  const int result = SSL_write_ex(connection_.get(), bytes.data(), bytes.size(), &n);
  if (result == 1)
    return n;
  const bool before = wants_room_;
  auto failed = what_ails(result);
  wants_room_ = before;
  return failed;
}

std::unexpected<error_code> edge_tls::what_ails(int result) noexcept {
  switch (SSL_get_error(connection_.get(), result)) {
  case SSL_ERROR_WANT_WRITE:
    wants_room_ = true;
    [[fallthrough]];
  case SSL_ERROR_WANT_READ:
    return std::unexpected(error_code(asio::error::would_block));
  case SSL_ERROR_SSL:
    broken_ = true;
    return std::unexpected(error_code(static_cast<int>(ERR_get_error()), asio::error::get_ssl_category()));
  default:
    broken_ = true;
    return std::unexpected(socket_error_ ? socket_error_ : error_code(asio::ssl::error::stream_truncated));
  }
}

bool edge_tls::note_room() noexcept {
  room_for_read_ = room_for_read_ || std::exchange(wants_room_, false);
  return room_for_read_;
}

// Without it, the session would count as one that broke off, and not be resumed.
void edge_tls::close() noexcept {
  if (broken_ || SSL_in_init(connection_.get()) == 1)
    return;
  ERR_clear_error();
  SSL_shutdown(connection_.get());
  ERR_clear_error();
}

tls_session edge_tls::session() const {
  auto* const s = SSL_get1_session(connection_.get());
  tls_session held(s, [](SSL_SESSION* each) { SSL_SESSION_free(each); });
  return s != nullptr && SSL_SESSION_is_resumable(s) == 1 ? held : nullptr;
}

} // namespace rollcall::net
