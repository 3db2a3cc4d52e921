#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace rollcall::load {

/// A line of a plot. Its colour is that of the page's class `s<colour>`.
struct plot_line {
  struct at {
    double x;
    double y;
  };
  std::string name;
  std::size_t colour = 0;
  bool dashed = false;
  std::vector<at> points;
};

/// Something to point out on one of the axes.
struct plot_mark {
  double at;
  std::string text;
};

/// Lines over one axis, as an SVG element for a page that has the classes.
struct plot {
  std::string title;
  std::vector<plot_mark> x_ticks; ///< the first and the last are the ends of the axis
  bool logarithmic = false;       ///< the y axis
  bool from_zero = false;         ///< it begins there, unless it is logarithmic
  std::string (*y_text)(double) = nullptr;
  std::vector<plot_line> lines = {};
  std::vector<plot_mark> marks = {}; ///< upright lines, with a text on hovering
};
std::string svg_of(const plot& of);

/// Marks of an axis of so many seconds, at round times.
std::vector<plot_mark> second_ticks(double seconds);

/// Text that is safe between tags and in attributes.
std::string escape_html(std::string_view text);

} // namespace rollcall::load
