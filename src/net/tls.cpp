#include "rollcall/net/tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdexcept>

namespace rollcall::net {

std::shared_ptr<tls_context> open_tls(const std::string& ca_file) {
  auto context = std::make_shared<tls_context>(tls_context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  context->set_verify_mode(asio::ssl::verify_peer);
  error_code ec;
  if (ca_file.empty())
    context->set_default_verify_paths(ec);
  else
    context->load_verify_file(ca_file, ec);
  if (ec)
    throw std::runtime_error(fmt::format("cannot read the certificate authorities in {}: {}",
                                         ca_file.empty() ? "the system's store" : ca_file, ec.message()));
  return context;
}

bool expect_server(SSL* connection, const std::string& host) {
  error_code ec;
  asio::ip::make_address(host, ec);
  if (!ec)
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), host.c_str()) == 1;
  SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(connection, host.c_str()) == 1 && SSL_set_tlsext_host_name(connection, host.c_str()) == 1;
}

std::string handshake_failure(const SSL* connection, const error_code& ec) {
  if (const auto wrong = SSL_get_verify_result(connection); wrong != X509_V_OK)
    return fmt::format("its certificate is not accepted: {}", X509_verify_cert_error_string(wrong));
  return fmt::format("the TLS handshake failed: {}", ec.message());
}

} // namespace rollcall::net
