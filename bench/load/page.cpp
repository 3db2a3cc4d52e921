#include "load/page.hpp"

#include "load/page_style.hpp"
#include "load/plot.hpp"
#include "load/rows.hpp"
#include "load/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

namespace rollcall::load {
namespace {

constexpr std::size_t colours = 6;

using lines_of = std::function<void(const named_result&, std::size_t colour, std::vector<plot_line>&)>;

std::vector<plot_line> lines(const std::vector<named_result>& all, const lines_of& add) {
  std::vector<plot_line> made;
  for (std::size_t i = 0; i < all.size(); ++i) {
    add(all[i], i % colours, made);
  }
  return made;
}

/// How many nines: 0 at the minimum, 2 at p99.
double nines(double share) {
  return -std::log10(1 - share);
}

plot by_percentile(const std::vector<named_result>& all) {
  static constexpr double furthest = 5;
  const auto add = [](const named_result& of, std::size_t colour, std::vector<plot_line>& to) {
    plot_line line{of.name, colour, false, {}};
    std::uint64_t below = 0;
    for (const auto& [upper, count] : of.what.histogram) {
      below += count;
      const double rest = 1 - static_cast<double>(below) / static_cast<double>(of.what.latency.count);
      line.points.push_back({rest > 0 ? std::min(-std::log10(rest), furthest) : furthest, upper});
    }
    to.push_back(std::move(line));
  };
  return {.title = "Latency by percentile",
          .x_ticks = {{0, "min"},
                      {nines(0.5), "50 %"},
                      {1, "90 %"},
                      {2, "99 %"},
                      {3, "99.9 %"},
                      {4, "99.99 %"},
                      {furthest, "max"}},
          .logarithmic = true,
          .y_text = duration_text,
          .lines = lines(all, add)};
}

plot over_time(const std::vector<named_result>& all, std::string title, const lines_of& add) {
  double longest = 1;
  std::vector<plot_mark> marks;
  for (const auto& each : all) {
    longest = std::max(longest, each.what.seconds);
    for (const auto& e : each.what.events) {
      marks.push_back({e.t, fmt::format("{:.2f} s: {}", e.t, e.command)});
    }
  }
  return {.title = std::move(title),
          .x_ticks = second_ticks(longest),
          .y_text = duration_text,
          .lines = lines(all, add),
          .marks = std::move(marks)};
}

/// One line a result, of those seconds that have a value; a second is drawn in its middle.
template <class Value>
lines_of each_second(std::string_view what, Value value, bool dashed = false) {
  return [=](const named_result& of, std::size_t colour, std::vector<plot_line>& to) {
    plot_line line{fmt::format("{}: {}", of.name, what), colour, dashed, {}};
    for (const auto& p : of.what.series) {
      if (const std::optional<double> y = value(p)) {
        line.points.push_back({p.t + 0.5, *y});
      }
    }
    to.push_back(std::move(line));
  };
}

std::string count_text(double value) {
  return with_commas(static_cast<std::uint64_t>(std::max(value, 0.0)));
}

std::string plots_of(const std::vector<named_result>& all) {
  const auto middle = each_second("p50", [](const point& p) { return p.p50_us; });
  const auto late = each_second("p99", [](const point& p) { return p.p99_us; }, true);
  auto latency = over_time(all, "Latency over time: p50, and p99 dashed", [&](const auto& of, auto colour, auto& to) {
    middle(of, colour, to);
    late(of, colour, to);
  });
  latency.logarithmic = true;
  auto requests = over_time(all, "Requests a second",
                            each_second("requests", [](const point& p) { return static_cast<double>(p.requests); }));
  requests.y_text = count_text;
  requests.from_zero = true;
  auto hits = over_time(all, "Hit ratio", each_second("hits", [](const point& p) { return hit_ratio(p.hits); }));
  hits.y_text = percent;
  auto calls =
      over_time(all, "Upstream calls so far", each_second("calls", [](const point& p) {
                  return p.upstream_calls ? std::optional(static_cast<double>(*p.upstream_calls)) : std::nullopt;
                }));
  calls.y_text = count_text;
  calls.from_zero = true;
  std::string out = svg_of(by_percentile(all));
  for (const auto* each : {&latency, &requests, &hits, &calls}) {
    if (std::ranges::any_of(each->lines, [](const plot_line& line) { return !line.points.empty(); })) {
      out += svg_of(*each);
    }
  }
  return out;
}

/// A row for each thing, a column for each result.
template <class Cell>
void add_row(std::string& out, std::string_view name, const std::vector<named_result>& all, Cell cell) {
  fmt::format_to(std::back_inserter(out), "<tr><th>{}</th>", escape_html(name));
  for (std::size_t i = 0; i < all.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "<td>{}</td>", cell(i));
  }
  out += "</tr>\n";
}

std::string table_of_all(const std::vector<named_result>& all) {
  std::string out = "<table>\n";
  add_row(out, "", all, [&](std::size_t i) {
    return fmt::format(R"(<span class="key s{}"></span>{})", i % colours, escape_html(all[i].name));
  });
  std::vector<std::vector<row>> columns;
  columns.reserve(all.size());
  for (const auto& each : all) {
    columns.push_back(rows_of(each.what));
  }
  for (std::size_t r = 0; !columns.empty() && r < columns.front().size(); ++r) {
    add_row(out, columns.front()[r].name, all, [&](std::size_t i) { return columns[i][r].shown(); });
  }
  add_row(out, "hits", all, [&](std::size_t i) { return hits_text(all[i].what); });
  add_row(out, "kinds of error", all, [&](std::size_t i) { return failures_text(all[i].what.errors); });
  add_row(out, "started", all, [&](std::size_t i) { return escape_html(all[i].what.started); });
  for (const auto& [name, value] : all.empty() ? result().settings : all.front().what.settings) {
    add_row(out, "--" + name, all, [&](std::size_t i) {
      const auto& settings = all[i].what.settings;
      const auto found = std::ranges::find(settings, name, &std::pair<std::string, std::string>::first);
      return found == settings.end() ? std::string("-") : escape_html(found->second);
    });
  }
  return out + "</table>\n";
}

} // namespace

std::string page_of(const std::vector<named_result>& all) {
  return fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width\"><title>rollcall-bench</title>\n"
                     "<style>{}</style></head>\n<body>\n<h1>rollcall-bench</h1>\n<main>{}</main>\n{}</body></html>\n",
                     page_style, plots_of(all), table_of_all(all));
}

} // namespace rollcall::load
