#include "kinds.hpp"
#include "nearest.hpp"
#include "printable.hpp"
#include "rules.hpp"

#include <fmt/format.h>

// Without exceptions the parser hands back what is wrong, and where, as a value.
#define TOML_EXCEPTIONS 0
#include <toml++/impl/preprocessor.h>
// toml++ 3.3 takes "[[[" for a broken promise of its own: it aborts in a debug build and is undefined in a release
// build. Without the promise it reports the syntax error that it is.
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expr) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <ranges>
#include <system_error>

namespace rollcall::ops {
namespace {

constexpr std::string_view instances_key = "upstream.instance";

raw_value raw(const toml::node& node) {
  if (const auto* value = node.as_boolean())
    return value->get();
  if (const auto* value = node.as_integer())
    return value->get();
  if (const auto* value = node.as_floating_point())
    return value->get();
  if (const auto* value = node.as_string())
    return value->get();
  if (const auto* list = node.as_array()) {
    std::vector<std::string> strings;
    for (const auto& element : *list) {
      if (!element.is_string())
        return {};
      strings.push_back(element.as_string()->get());
    }
    return strings;
  }
  return {};
}

unsigned line_of(const toml::node& node) {
  return node.source().begin.line;
}
unsigned line_of(const toml::key& key) {
  return key.source().begin.line;
}

template <typename Target>
const rule<Target>* find(const std::vector<rule<Target>>& rules, std::string_view section, std::string_view name) {
  const auto found =
      std::ranges::find_if(rules, [&](const auto& each) { return each.section == section && each.name == name; });
  return found == rules.end() ? nullptr : &*found;
}

bool is_section(std::string_view name) {
  return std::ranges::any_of(config_rules(), [&](const auto& each) { return each.section == name; });
}

/// Walks a parsed file into a `config` and remembers the mistake that stands first in it; the parser's tables are
/// sorted by name.
class file_reader {
public:
  config read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      if (!is_section(key.str()))
        unknown_table(key, node);
      else if (const auto* table = node.as_table(); table && !node.is_array())
        section(key.str(), *table);
      else
        complain(line_of(key), key.str(), fmt::format("a table is needed here: [{}]", key.str()));
    }
    return settings_;
  }

  /// The first mistake as `LINE: key: what`, or empty.
  [[nodiscard]] std::string mistake() const { return mistake_; }

private:
  void section(std::string_view name, const toml::table& table) {
    for (const auto& [key, node] : table) {
      if (name == "upstream" && key.str() == "instance")
        instances(line_of(key), node);
      else
        value(config_rules(), settings_, name, key, node);
    }
  }

  template <typename Target>
  void value(const std::vector<rule<Target>>& rules, Target& into, std::string_view section, const toml::key& key,
             const toml::node& node) {
    const auto* known = find(rules, section, key.str());
    if (!known)
      return unknown_key(section, key);
    const auto given = raw(node);
    if (!known->read(into, given))
      complain(line_of(key), full_name(section, key.str()), refusal(*known, given));
  }

  void instances(unsigned line, const toml::node& node) {
    const auto* list = node.as_array();
    const bool tables = list && !list->empty() && std::ranges::all_of(*list, &toml::node::is_table);
    if (!tables)
      return complain(line, instances_key,
                      "at least one instance is needed, each under a [[upstream.instance]] of its own");
    auto& read = settings_.upstream.instances;
    read.clear();
    for (const auto& each : *list)
      instance(*each.as_table(), read);
  }

  void instance(const toml::table& table, std::vector<upstream_instance>& into) {
    upstream_instance one;
    unsigned url_line = line_of(table);
    for (const auto& [key, node] : table) {
      value(instance_rules(), one, instances_key, key, node);
      if (key.str() == "url")
        url_line = line_of(key);
    }
    if (!table.contains("url"))
      return complain(url_line, instances_key,
                      R"(url is missing; needed is one such as url = "http://127.0.0.1:18081")");
    if (std::ranges::any_of(into, [&](const auto& other) { return same_instance(other.url, one.url); }))
      complain(url_line, full_name(instances_key, "url"), "this instance is listed already; allowed is once each");
    into.push_back(std::move(one));
  }

  void unknown_table(const toml::key& key, const toml::node& node) {
    std::vector<std::string_view> names;
    for (const auto& each : config_rules()) {
      names.push_back(each.section);
      if (!node.is_table() && each.name == key.str())
        return complain(line_of(key), key.str(),
                        fmt::format("unknown key; did you mean {}.{}?", each.section, each.name));
    }
    const auto near = nearest(key.str(), names);
    complain(line_of(key), key.str(),
             near.empty() ? fmt::format("unknown table; known are {}", known_tables())
                          : fmt::format("unknown table; did you mean [{}]?", near));
  }

  void unknown_key(std::string_view section, const toml::key& key) {
    const auto typed = full_name(section, key.str());
    std::vector<std::string_view> names;
    if (section == "upstream")
      names.emplace_back("instance");
    for (const auto& each : instance_rules())
      if (each.section == section)
        names.push_back(each.name);
    for (const auto& each : config_rules())
      if (each.section == section)
        names.push_back(each.name);
    if (const auto near = nearest(key.str(), names); !near.empty())
      return complain(line_of(key), typed, fmt::format("unknown key; did you mean {}.{}?", section, near));
    for (const auto& each : config_rules())
      if (each.name == key.str())
        return complain(line_of(key), typed, fmt::format("unknown key; did you mean {}.{}?", each.section, each.name));
    complain(line_of(key), typed, fmt::format("unknown key; [{}] knows {}", section, fmt::join(names, ", ")));
  }

  static std::string known_tables() {
    std::string out;
    for (std::string_view last; const auto& each : config_rules())
      if (std::exchange(last, each.section) != each.section)
        fmt::format_to(std::back_inserter(out), "{}[{}]", out.empty() ? "" : ", ", each.section);
    return out;
  }

  static std::string full_name(std::string_view section, std::string_view name) {
    return fmt::format("{}.{}", section, printable(name));
  }

  void complain(unsigned line, std::string_view key, std::string_view what) {
    if (!mistake_.empty() && line >= line_)
      return;
    line_ = line;
    mistake_ = fmt::format("{}: {}: {}", line, printable(key), what);
  }

  config settings_;
  unsigned line_ = 0;
  std::string mistake_;
};

std::string contents(const std::filesystem::path& file) {
  constexpr std::size_t limit = std::size_t{1} << 20;
  const auto fail = [&](std::string_view why) -> config_error {
    return config_error{fmt::format("{}: {}", file.string(), why)};
  };
  if (std::error_code ignored; std::filesystem::is_directory(file, ignored))
    throw fail("cannot be read: it is a directory");
  errno = 0;
  std::ifstream in{file, std::ios::binary};
  if (!in)
    throw fail(fmt::format("cannot be read: {}", std::generic_category().message(errno)));
  std::string text(limit + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad())
    throw fail("cannot be read to its end");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > limit)
    throw fail("is larger than 1 MiB, which no configuration is");
  return text;
}

} // namespace

config load_config(const std::filesystem::path& file) {
  const auto text = contents(file);
  const auto parsed = toml::parse(text, file.string());
  if (!parsed)
    // The parser quotes keys, and of values it did not understand no more than a character or the start of a word.
    throw config_error{fmt::format("{}:{}: this is not TOML: {}", file.string(), parsed.error().source().begin.line,
                                   printable(parsed.error().description(), 200))};
  file_reader reader;
  auto settings = reader.read(parsed.table());
  if (const auto mistake = reader.mistake(); !mistake.empty())
    throw config_error{fmt::format("{}:{}", file.string(), mistake)};
  return settings;
}

} // namespace rollcall::ops
