#include "mutations.hpp"

#include <array>
#include <cstddef>
#include <random>

namespace rollcall::api::test {
namespace {

using namespace std::string_view_literals;

constexpr std::array tokens{"\""sv,
                            "\\"sv,
                            "\\\""sv,
                            "{"sv,
                            "}"sv,
                            "["sv,
                            "]"sv,
                            ","sv,
                            ":"sv,
                            "{}"sv,
                            "[]"sv,
                            "null"sv,
                            "true"sv,
                            "0"sv,
                            "-1"sv,
                            "1.5"sv,
                            " "sv,
                            "\n"sv,
                            "\0"sv,
                            "\xFF"sv,
                            "\xC3"sv,
                            "\u4e2d"sv,
                            "\U0001F991"sv,
                            "\\u0000"sv,
                            "\\ud83d"sv,
                            "\\ude00"sv,
                            "\\ud83d\\ude00"sv,
                            "\\u00"sv,
                            "\"wId\":"sv,
                            "\"wcId\""sv,
                            "\"a\",\""sv,
                            "\"chatRoomId\":\"r\","sv,
                            "\"\\u0077Id\":\"x\","sv,
                            "\"code\":1000,"sv,
                            "\"data\":[],"sv,
                            "\xEF\xBB\xBF"sv};

class mutator {
public:
  void change(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t run = 1 + below(6);
    switch (below(5)) {
    case 0:
      text.insert(at, tokens[below(tokens.size())]);
      break;
    case 1:
      text.replace(at, below(3), tokens[below(tokens.size())]);
      break;
    case 2:
      text.erase(at, run);
      break;
    case 3:
      text.insert(below(text.size() + 1), text.substr(at, run * 8));
      break;
    default:
      text.replace(at, 1, 1, static_cast<char>(below(256)));
    }
  }
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

private:
  std::mt19937_64 random_{20240229};
};

} // namespace

void every_single_byte_mutation(std::string_view text, const visitor& visit) {
  for (std::size_t at = 0; at <= text.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string mutated(text);
      mutated.insert(at, 1, static_cast<char>(byte));
      visit(mutated);
      if (at < text.size())
        visit(mutated.erase(at + 1, 1));
    }
    if (at < text.size())
      visit(std::string(text).erase(at, 1));
  }
}

void random_mutations(std::string_view text, int count, const visitor& visit) {
  mutator m;
  for (int i = 0; i < count; ++i) {
    std::string mutated(text);
    for (std::size_t changes = 1 + m.below(4); changes > 0; --changes)
      m.change(mutated);
    visit(mutated);
  }
}

} // namespace rollcall::api::test
