#pragma once

#include "rollcall/redis/endpoint.hpp"

#include <boost/url/url_view.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace rollcall::redis {

/// What is wrong with a URL, in a sentence that quotes neither user nor password; nothing when all is well.
using url_problem = std::optional<std::string>;

/// A URL's scheme, or nothing when it has none. Letter case makes no difference to has_scheme().
std::string_view scheme_of(std::string_view url);
bool has_scheme(std::string_view url, std::string_view lower_case);

/// Parses what has one host. `url` outlives what is returned.
std::expected<boost::urls::url_view, std::string> parse_parts(std::string_view url);

/// Control characters in a name would forge lines of the log.
bool has_control(std::string_view s);

url_problem read_login(const boost::urls::url_view& url, endpoint& e);
/// The port stays as it is when there is none.
url_problem read_host(const boost::urls::url_view& url, host_port& at);
url_problem read_database(std::string_view digits, unsigned& database);

/// For messages: an address of IPv6 in brackets.
std::string to_string(const host_port& at);

} // namespace rollcall::redis
