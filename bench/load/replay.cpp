#include "load/replay.hpp"

#include "load/plan.hpp"
#include "load/questions.hpp"
#include "upstream/json_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <stdexcept>
#include <unordered_map>

namespace rollcall::load {
namespace {

constexpr std::size_t most_lines = 50'000'000;

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

std::optional<std::string> unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    if (text[i] != '%') {
      plain += text[i];
    } else if (i + 2 < text.size() && std::from_chars(&text[i + 1], &text[i + 3], byte, 16).ptr == &text[i + 3]) {
      plain += static_cast<char>(byte);
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return plain;
}

bool read_key(std::string_view key, logged_request& into) {
  const auto parts = split(key, ':');
  if (parts.size() != 4 || (parts[1] != "wcId" && parts[1] != "chatRoomId")) {
    return false;
  }
  const auto w_id = unescape(parts[2]);
  const auto room = unescape(parts[3]);
  if (!w_id || !room) {
    return false;
  }
  into.list = true;
  into.token = parts[0] == "-" ? std::string_view() : parts[0];
  into.field = parts[1];
  into.w_id = *w_id;
  into.room = *room;
  return true;
}

std::size_t add(catalogue& into, const logged_request& logged, const standin::room_options& options, bool verify) {
  if (!logged.list) {
    return into.add({logged.method, logged.path, {}, logged.method == "GET" ? "" : "{}"}, {});
  }
  std::string body = R"({"wId":)";
  standin::append_json(body, logged.w_id);
  body += fmt::format(R"(,"{}":)", logged.field);
  standin::append_json(body, logged.room);
  body += '}';
  const auto names = logged.field == "wcId" ? standin::naming::first : standin::naming::later;
  return into.add({logged.method, logged.path, logged.token, body},
                  verify && standin::is_room(logged.room) ? standin::render_room(options, logged.room, names) : "");
}

std::string spelling_of(const logged_request& logged) {
  return fmt::format("{} {} {} {} {} {}", logged.method, logged.path, logged.token, logged.field, logged.w_id,
                     logged.room);
}

} // namespace

std::optional<logged_request> read_log_line(std::string_view line) {
  const auto words = split(line, ' ');
  if (words.size() != 7 || !words[2].starts_with('/') || !words[4].ends_with("ms")) {
    return std::nullopt;
  }
  logged_request read;
  read.method = words[1];
  read.path = words[2];
  const bool cached = words[2] == members_path && words[6] != "-";
  return !cached || read_key(words[6], read) ? std::optional(read) : std::nullopt;
}

std::vector<std::uint32_t> read_log(catalogue& into, const std::string& file, std::uint64_t seed,
                                    standin::room_sizes sizes, bool verify) {
  std::ifstream in(file);
  if (!in) {
    throw std::runtime_error(file + ": cannot be read");
  }
  const standin::room_options options{.seed = seed, .sizes = sizes, .style = {}};
  std::vector<std::uint32_t> order;
  std::unordered_map<std::string, std::uint32_t> known;
  for (std::string line; order.size() < most_lines && known.size() < most_rooms && std::getline(in, line);) {
    if (const auto logged = read_log_line(line)) {
      const auto [found, fresh] = known.try_emplace(spelling_of(*logged), 0);
      if (fresh) {
        found->second = static_cast<std::uint32_t>(add(into, *logged, options, verify));
      }
      order.push_back(found->second);
    }
  }
  if (order.empty()) {
    throw std::runtime_error(file + ": no line of an access log in it (rollcall --access-log writes one)");
  }
  return order;
}

} // namespace rollcall::load
