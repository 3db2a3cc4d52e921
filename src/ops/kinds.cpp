#include "kinds.hpp"

#include "printable.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

namespace rollcall::ops {
namespace {

std::string written(milliseconds time) {
  using count = milliseconds::rep;
  static constexpr std::array<std::pair<std::string_view, count>, 3> units{
      {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}}};
  for (const auto& [name, factor] : units)
    if (time.count() != 0 && time.count() % factor == 0)
      return fmt::format("{}{}", time.count() / factor, name);
  return fmt::format("{}ms", time.count());
}

/// A kind whose values are strings in the file: `parse` sees only the text.
template <typename Value, typename Parse>
kind<Value> textual(std::string allowed, const Parse& parse) {
  auto from = [parse](const raw_value& raw) -> std::optional<Value> {
    const auto* text = std::get_if<std::string>(&raw);
    return text ? parse(*text) : std::nullopt;
  };
  return {std::move(allowed), std::move(from)};
}

/// A string that is taken as it is, if it passes.
template <typename Test>
kind<std::string> checked(std::string allowed, const Test& passes) {
  auto parse = [passes](const std::string& text) { return passes(text) ? std::optional{text} : std::nullopt; };
  return textual<std::string>(std::move(allowed), parse);
}

constexpr std::size_t size_most = std::size_t{1} << 40;

bool visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// A list of strings each of which passes, and none twice.
template <typename Test>
kind<std::vector<std::string>> distinct(std::string allowed, const Test& passes) {
  auto parse = [passes](const raw_value& raw) -> std::optional<std::vector<std::string>> {
    const auto* list = std::get_if<std::vector<std::string>>(&raw);
    if (!list || !std::ranges::all_of(*list, passes) ||
        std::set<std::string_view>(list->begin(), list->end()).size() != list->size())
      return std::nullopt;
    return *list;
  };
  return {std::move(allowed), parse};
}

/// `not_first` is what may not come right after the scheme, because then there is no host.
bool is_url(std::string_view text, std::span<const std::string_view> schemes, std::string_view not_first) {
  constexpr std::size_t longest = 2048;
  if (text.size() > longest || !visible(text))
    return false;
  return std::ranges::any_of(schemes, [&](std::string_view scheme) {
    return text.starts_with(scheme) && text.size() > scheme.size() && !not_first.contains(text[scheme.size()]);
  });
}

} // namespace

kind<bool> boolean() {
  auto parse = [](const raw_value& raw) {
    const auto* value = std::get_if<bool>(&raw);
    return value ? std::optional{*value} : std::nullopt;
  };
  return {"true or false", parse};
}

kind<unsigned> whole(unsigned least, unsigned most) {
  auto parse = [least, most](const raw_value& raw) -> std::optional<unsigned> {
    const auto* value = std::get_if<std::int64_t>(&raw);
    if (!value || std::cmp_less(*value, least) || std::cmp_greater(*value, most))
      return std::nullopt;
    return static_cast<unsigned>(*value);
  };
  return {fmt::format("a whole number from {} to {}", least, most), parse};
}

kind<double> number(double least, double most) {
  auto parse = [least, most](const raw_value& raw) -> std::optional<double> {
    double value = 0;
    if (const auto* integer = std::get_if<std::int64_t>(&raw))
      value = static_cast<double>(*integer);
    else if (const auto* real = std::get_if<double>(&raw))
      value = *real;
    else
      return std::nullopt;
    // Written so that "not a number" fails too.
    return value >= least && value <= most ? std::optional{value} : std::nullopt;
  };
  return {fmt::format("a number from {} to {}", least, most), parse};
}

kind<milliseconds> duration(milliseconds least, milliseconds most) {
  auto parse = [least, most](const std::string& text) {
    const auto value = parse_duration(text);
    return value && *value >= least && *value <= most ? value : std::nullopt;
  };
  auto allowed = fmt::format(R"(a duration from "{}" to "{}", written as "250ms", "5s", "10m" or "1h")", written(least),
                             written(most));
  return textual<milliseconds>(std::move(allowed), parse);
}

kind<std::size_t> memory(std::size_t least) {
  auto parse = [least](const std::string& text) {
    const auto value = parse_size(text);
    return value && (*value == 0 || (*value >= least && *value <= size_most)) ? value : std::nullopt;
  };
  auto allowed = fmt::format(R"("0" or a size from "{}MiB" to "{}GiB", written as "65536KiB", "256MiB" or "1GiB")",
                             least >> 20, size_most >> 30);
  return textual<std::size_t>(std::move(allowed), parse);
}

kind<std::size_t> size(std::size_t least) {
  auto parse = [least](const std::string& text) {
    const auto value = parse_size(text);
    return value && *value >= least && *value <= size_most ? value : std::nullopt;
  };
  auto allowed = fmt::format(R"(a size from "{}MiB" to "{}GiB", written as "65536KiB", "256MiB" or "1GiB")",
                             least >> 20, size_most >> 30);
  return textual<std::size_t>(std::move(allowed), parse);
}

kind<listen_address> address() {
  return textual<listen_address>(
      R"(a numeric address and a port up to 65535, written as "127.0.0.1:8080", "0.0.0.0:8080" or "[::1]:8080")",
      parse_address);
}

kind<std::string> name(std::size_t longest) {
  auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return checked(fmt::format("a name of 1 to {} characters out of A-Z a-z 0-9 . _ -", longest),
                 [=](const std::string& text) {
                   return !text.empty() && text.size() <= longest && std::ranges::all_of(text, plain);
                 });
}

kind<std::string> path() {
  return checked(R"(a path that begins with "/", nor empty)", [](const std::string& text) {
    return text.empty() || (text.starts_with('/') && visible(text) && !text.contains('#'));
  });
}

kind<std::string> one_of(std::initializer_list<std::string_view> words) {
  std::vector<std::string_view> known{words};
  return checked(fmt::format("one of \"{}\"", fmt::join(known, "\", \"")),
                 [known](const std::string& text) { return std::ranges::find(known, text) != known.end(); });
}

kind<std::string> redis_url() {
  static constexpr std::array<std::string_view, 6> hosts{"redis://",           "rediss://",        "redis+sentinel://",
                                                         "rediss+sentinel://", "redis+cluster://", "rediss+cluster://"};
  static constexpr std::array<std::string_view, 1> paths{"unix://"};
  auto kind = checked(
      "a URL that begins with redis://, rediss://, redis+sentinel://, rediss+sentinel://, redis+cluster://, "
      "rediss+cluster:// or unix://, nor empty (empty: memory only)",
      [](const std::string& text) { return text.empty() || is_url(text, hosts, "/?#") || is_url(text, paths, "?#"); });
  kind.secret = true;
  return kind;
}

kind<std::string> file_or_none() {
  constexpr std::size_t longest = 4096;
  return checked(fmt::format("the path of a file, in at most {} characters, nor empty", longest),
                 [](const std::string& text) {
                   return text.size() <= longest &&
                          std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
                 });
}

kind<std::string> http_url() {
  static constexpr std::array<std::string_view, 2> schemes{"http://", "https://"};
  auto kind = checked("a URL that begins with http:// or https:// and names a host",
                      [](const std::string& text) { return is_url(text, schemes, "/:?#@"); });
  kind.secret = true;
  return kind;
}

kind<std::string> forward_url() {
  static constexpr std::array<std::string_view, 1> schemes{"http://"};
  auto kind = checked(
      "a URL that begins with http:// and names a host, nor empty (empty: nowhere)",
      [](const std::string& text) { return text.empty() || (is_url(text, schemes, "/:?#@") && !text.contains('#')); });
  kind.secret = true;
  return kind;
}

kind<std::vector<std::string>> distinct_strings() {
  return distinct(R"(a list of strings, none empty and none twice, such as [] or ["wid-1", "wid-2"])",
                  [](const std::string& text) { return !text.empty(); });
}

kind<std::vector<std::string>> distinct_paths() {
  return distinct(
      R"(a list of paths, each beginning with "/", without a query and none twice, such as [] or ["/logout"])",
      [](const std::string& text) {
        return text.starts_with('/') && visible(text) && text.find_first_of("?#") == std::string::npos;
      });
}

std::string describe(const raw_value& value) {
  struct {
    std::string operator()(std::monostate) const { return "a value of this type"; }
    std::string operator()(bool value) const { return fmt::to_string(value); }
    std::string operator()(std::int64_t value) const { return fmt::to_string(value); }
    std::string operator()(double value) const { return fmt::to_string(value); }
    std::string operator()(const std::string& value) const { return in_quotes(value); }
    std::string operator()(const std::vector<std::string>&) const { return "this list"; }
  } const words;
  return std::visit(words, value);
}

bool same_instance(std::string_view a, std::string_view b) {
  auto normal = [](std::string_view url) {
    while (url.ends_with('/'))
      url.remove_suffix(1);
    std::string out{url};
    const auto scheme = out.find("://");
    const auto host_end = scheme == std::string::npos ? out.size() : std::min(out.find('/', scheme + 3), out.size());
    for (std::size_t i = 0; i < host_end; ++i)
      if (out[i] >= 'A' && out[i] <= 'Z')
        out[i] = static_cast<char>(out[i] - 'A' + 'a');
    return out;
  };
  return normal(a) == normal(b);
}

} // namespace rollcall::ops
