#include "load/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

namespace rollcall::load {
namespace {

constexpr double width = 680;
constexpr double height = 300;
constexpr double left = 76;
constexpr double right = 14;
constexpr double top = 12;
constexpr double bottom = 30;
constexpr double most_y_ticks = 7;

/// 1, 2 or 5 times a power of ten, not below `value`.
double round_step(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= value * (1 - 1e-9)) {
      return factor * power;
    }
  }
  return 10 * power;
}

/// Where values lie on the y axis, and which of them are marked.
class scale {
public:
  explicit scale(const plot& of) : logarithmic_(of.logarithmic) {
    double low = std::numeric_limits<double>::max();
    double high = std::numeric_limits<double>::lowest();
    for (const auto& line : of.lines) {
      for (const auto& p : line.points) {
        low = std::min(low, p.y);
        high = std::max(high, p.y);
      }
    }
    if (low > high) {
      low = high = 1;
    }
    logarithmic_ ? by_decades(std::max(low, 1e-3), std::max(high, 1e-3)) : by_steps(of.from_zero ? 0 : low, high);
  }

  [[nodiscard]] double place(double value) const {
    const double share = (of(value) - of(low_)) / (of(high_) - of(low_));
    return height - bottom - std::clamp(share, 0.0, 1.0) * (height - top - bottom);
  }
  [[nodiscard]] const std::vector<double>& ticks() const { return ticks_; }

private:
  [[nodiscard]] double of(double value) const { return logarithmic_ ? std::log10(std::max(value, 1e-3)) : value; }

  void by_decades(double low, double high) {
    low_ = std::pow(10, std::floor(std::log10(low)));
    high_ = std::pow(10, std::ceil(std::log10(high) + 1e-9));
    const bool few = high_ / low_ < 1.5e3;
    for (double decade = low_; decade < high_ * 1.001; decade *= 10) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        if (decade * factor < high_ * 1.001 && (factor < 1.5 || few)) {
          ticks_.push_back(decade * factor);
        }
      }
    }
  }
  void by_steps(double low, double high) {
    const double step = round_step(std::max((high - low) / most_y_ticks, 1e-4));
    low_ = std::floor(low / step) * step;
    high_ = std::max(std::ceil(high / step) * step, low_ + step);
    for (double at = low_; at < high_ + step / 2; at += step) {
      ticks_.push_back(at);
    }
  }

  bool logarithmic_;
  double low_ = 0;
  double high_ = 1;
  std::vector<double> ticks_;
};

class canvas {
public:
  explicit canvas(const plot& of) : of_(of), y_(of), first_(of.x_ticks.front().at), last_(of.x_ticks.back().at) {}

  std::string draw() {
    put(R"(<figure><figcaption>{}</figcaption><svg viewBox="0 0 {} {}" role="img">)", escape_html(of_.title), width,
        height);
    for (const double tick : y_.ticks()) {
      put(R"(<path class="grid" d="M{} {:.1f}H{}"/><text class="y" x="{}" y="{:.1f}">{}</text>)", left, y_.place(tick),
          width - right, left - 6, y_.place(tick) + 4, of_.y_text(tick));
    }
    for (const auto& tick : of_.x_ticks) {
      put(R"(<path class="grid" d="M{:.1f} {}V{}"/><text class="x" x="{:.1f}" y="{}">{}</text>)", x(tick.at), top,
          height - bottom, x(tick.at), height - bottom + 18, tick.text);
    }
    for (const auto& mark : of_.marks) {
      put(R"(<path class="mark" d="M{:.1f} {}V{}"><title>{}</title></path>)", x(mark.at), top, height - bottom,
          escape_html(mark.text));
    }
    for (const auto& each : of_.lines) {
      draw(each);
    }
    put("</svg></figure>\n");
    return std::move(out_);
  }

private:
  template <class... Values>
  void put(fmt::format_string<Values...> text, Values&&... values) {
    fmt::format_to(std::back_inserter(out_), text, std::forward<Values>(values)...);
  }
  [[nodiscard]] double x(double at) const {
    return left + std::clamp((at - first_) / (last_ - first_), 0.0, 1.0) * (width - left - right);
  }
  void draw(const plot_line& line) {
    if (line.points.empty()) {
      return;
    }
    put(R"(<path class="line s{}{}" d="M)", line.colour, line.dashed ? " dashed" : "");
    for (const auto& p : line.points) {
      put("{:.1f} {:.1f} ", x(p.x), y_.place(p.y));
    }
    put(R"("><title>{}</title></path>)", escape_html(line.name));
    if (line.points.size() == 1) {
      put(R"(<circle class="dot s{}" cx="{:.1f}" cy="{:.1f}" r="3"/>)", line.colour, x(line.points[0].x),
          y_.place(line.points[0].y));
    }
  }

  const plot& of_;
  scale y_;
  double first_;
  double last_;
  std::string out_;
};

} // namespace

std::string svg_of(const plot& of) {
  return canvas(of).draw();
}

std::vector<plot_mark> second_ticks(double seconds) {
  const double step = std::max(1.0, round_step(std::max(seconds, 1.0) / 10));
  std::vector<plot_mark> ticks;
  for (double at = 0; at < seconds + step * 0.999; at += step) {
    ticks.push_back({at, fmt::format("{:.0f} s", at)});
  }
  return ticks;
}

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '&':
      out += "&amp;";
      break;
    case '"':
      out += "&quot;";
      break;
    default:
      out += c;
    }
  }
  return out;
}

} // namespace rollcall::load
