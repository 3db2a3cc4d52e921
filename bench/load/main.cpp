#include "load/flags.hpp"
#include "load/page.hpp"
#include "load/result.hpp"
#include "load/run.hpp"
#include "load/table.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace {

using namespace rollcall;

constexpr int no_result = 2;

void write_file(const std::string& name, const std::string& text) {
  std::ofstream out(name, std::ios::binary);
  out << text;
  if (!out.flush()) {
    throw std::runtime_error(name + ": cannot be written");
  }
}

load::named_result read_result(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  auto read = load::from_json(text);
  if (!read) {
    throw std::runtime_error(name + ": no result of rollcall-bench, schema 1");
  }
  return {name, std::move(*read)};
}

int carry_out(const load::plan& planned) {
  const auto made = load::run(planned);
  if (!planned.quiet) {
    fmt::print("{}", load::table_of(made));
  }
  if (!planned.json_file.empty()) {
    write_file(planned.json_file, load::to_json(made));
  }
  if (!planned.html_file.empty()) {
    write_file(planned.html_file, load::page_of({{"this run", made}}));
  }
  if (made.wrong > 0) {
    fmt::print(stderr, "rollcall-bench: {} wrong answers; does the stand-in run with this --seed and --members?\n",
               made.wrong);
  } else if (made.requests == 0) {
    fmt::print(stderr, "rollcall-bench: no request was answered\n");
  }
  return made.wrong > 0 || made.requests == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int carry_out(const load::comparison& asked) {
  auto a = read_result(asked.a);
  auto b = read_result(asked.b);
  fmt::print("A  {}  {}\nB  {}  {}\n\n{}", a.name, a.what.started, b.name, b.what.started,
             load::comparison_of(a.what, b.what));
  if (!asked.html_file.empty()) {
    write_file(asked.html_file, load::page_of({std::move(a), std::move(b)}));
  }
  return EXIT_SUCCESS;
}

int carry_out(const load::report& asked) {
  std::vector<load::named_result> all;
  all.reserve(asked.files.size());
  for (const auto& file : asked.files) {
    all.push_back(read_result(file));
  }
  write_file(asked.html_file, load::page_of(all));
  return EXIT_SUCCESS;
}

int carry_out(int status) {
  return status;
}

} // namespace

int main(int argc, char** argv) {
  try {
    return std::visit([](const auto& asked) { return carry_out(asked); }, load::parse_flags(argc, argv));
  } catch (const std::exception& error) {
    fmt::print(stderr, "rollcall-bench: {}\n", error.what());
    return no_result;
  }
}
