#pragma once

#include "rollcall/net/request_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <expected>
#include <string_view>

namespace rollcall::net {

/// Beast's parser for one request, and the checks around it: for any head. Called by request_parser, whose functions
/// these are.
class strict_parser : private http::basic_parser<true> {
public:
  /// Fills in `head`, which is as request_head is at first but may have storage for fields, and outlives this.
  explicit strict_parser(request_head& head);

  std::expected<void, framing_error> parse_head(std::string_view bytes);
  std::expected<request_parser::step, framing_error> parse_chunked(std::string_view bytes, std::uint64_t most);

private:
  friend class http::basic_parser<true>;
  using string_view = boost::beast::string_view;
  using error_code = boost::beast::error_code;

  void on_request_impl(http::verb method, string_view text, string_view target, int version, error_code& ec) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(http::field id, string_view name, string_view value, error_code& ec) override;
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view body, error_code& ec) override;
  void on_finish_impl(error_code&) override {}

  std::expected<void, framing_error> check_framing();
  std::expected<void, framing_error> check_host_and_target();
  void note_field(const field& f);
  [[nodiscard]] bool is_folded(const field& f) const;

  request_head& head_;
  std::string_view bytes_;  // the head while it is being parsed
  framing_error refused_{}; // set by the callbacks; 0 while there is nothing to object to
  std::string_view data_;
  std::uint64_t chunk_most_ = 0;
  bool chunk_seen_ = false;
  unsigned hosts_ = 0;
  unsigned lengths_ = 0;
  unsigned codings_ = 0;
  bool coding_is_chunked_ = false;
  bool in_trailer_ = false;
};

} // namespace rollcall::net
