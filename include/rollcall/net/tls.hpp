#pragma once

#include "rollcall/net/executor.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace rollcall::net {

/// What our connections to servers over TLS share: version 1.2 or later, and a server that proves its name.
using tls_context = asio::ssl::context;

/// Trusts the certificate authorities in `ca_file` (PEM), or those of the system when it is empty. Throws
/// std::runtime_error, whose text names the file.
std::shared_ptr<tls_context> open_tls(const std::string& ca_file);

/// For a connection before its handshake: the server has to prove that it is `host`, a name or an address, or the
/// handshake fails. A name is also told to the server (SNI, RFC 6066 section 3). False when memory is out.
[[nodiscard]] bool expect_server(SSL* connection, const std::string& host);

/// Why a handshake has failed, for operators: what is wrong with the certificate, or what OpenSSL says.
std::string handshake_failure(const SSL* connection, const error_code& ec);

} // namespace rollcall::net
