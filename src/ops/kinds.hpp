#pragma once

#include "rules.hpp"

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rollcall::ops {

/// What a key may hold: how to say it, and how to read it (nullopt: not one of these).
template <typename Value>
struct kind {
  std::string allowed;
  std::function<std::optional<Value>(const raw_value&)> parse;
  bool secret = false;
};

kind<bool> boolean();
kind<unsigned> whole(unsigned least, unsigned most);
kind<double> number(double least, double most);
kind<milliseconds> duration(milliseconds least, milliseconds most);
/// 0, or at least `least` bytes.
kind<std::size_t> memory(std::size_t least);
/// At least `least` bytes.
kind<std::size_t> size(std::size_t least);
kind<listen_address> address();
/// The path of a request as it travels, with a query or without, or empty.
kind<std::string> path();
/// What may stand in a Redis key or a metric without being escaped.
kind<std::string> name(std::size_t longest);
kind<std::string> one_of(std::initializer_list<std::string_view> words);
/// Only the scheme and that something plausible follows; whoever connects parses the rest.
kind<std::string> redis_url();
/// Whoever opens the file tells whether it can be read.
kind<std::string> file_or_none();
kind<std::string> http_url();
/// Empty, or where to send something: a path and a query are part of it, and the query may hold a token.
kind<std::string> forward_url();
kind<std::vector<std::string>> distinct_strings();
/// Paths of requests as they travel, without a query.
kind<std::vector<std::string>> distinct_paths();

/// A value in the words of a message.
std::string describe(const raw_value& value);

/// Whether two URLs name one instance: letter case of scheme and host, and a final slash, make no difference.
bool same_instance(std::string_view a, std::string_view b);

} // namespace rollcall::ops
