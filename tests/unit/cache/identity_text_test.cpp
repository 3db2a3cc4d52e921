#include "rollcall/cache/identity.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

namespace {

using namespace rollcall::cache;
using namespace std::string_view_literals;

BOOST_AUTO_TEST_SUITE(identity_text_suite)

BOOST_AUTO_TEST_CASE(parts_are_as_the_text_spells_them) {
  const identity id("0123456789abcdef", "chatRoomId", "a:b%c{d}", "1@chatroom");
  const auto p = id.parts();
  BOOST_TEST(p.credential == "0123456789abcdef");
  BOOST_TEST(p.field == "chatRoomId");
  BOOST_TEST(p.w_id == "a%3Ab%25c%7Bd%7D");
  BOOST_TEST(p.room == "1@chatroom");
  BOOST_TEST((p.w_id.data() > id.text().data())); // views into it
  BOOST_TEST((p.room.data() + p.room.size() == id.text().data() + id.text().size()));
}

BOOST_AUTO_TEST_CASE(empty_parts_are_parts_too) {
  const auto none = identity().parts();
  BOOST_TEST(none.credential.empty());
  BOOST_TEST(none.room.empty());
  const identity id("", "", "w", "");
  BOOST_TEST(id.parts().credential.empty());
  BOOST_TEST(id.parts().field.empty());
  BOOST_TEST(id.parts().w_id == "w");
  BOOST_TEST(id.parts().room.empty());
}

BOOST_AUTO_TEST_CASE(every_byte_of_every_part_reads_back) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string part(1, static_cast<char>(byte));
    const identity id(no_credential, part, part + "w", "r" + part);
    const auto read = identity::from_text(id.text());
    BOOST_REQUIRE(read);
    BOOST_TEST((*read == id));
    BOOST_TEST(read->text() == id.text());
    BOOST_TEST(read->hash() == id.hash());
  }
}

BOOST_AUTO_TEST_CASE(what_no_identity_spells_is_refused) {
  BOOST_REQUIRE(identity::from_text("-:wcId:w:r"));
  for (const auto text : {
           ""sv,
           ":"sv,
           ":::"sv,
           "-"sv,
           "-:wcId:w"sv,
           "-:wcId:w:"sv,
           ":wcId:w:r"sv,
           "-::w:r"sv,
           "-:wcId::r"sv,
           "-:wcId:w:r:"sv,
           "-:wcId:w:r:x"sv,
           "-:wcId:w:r "sv,
           "-:wcId:{w}:r"sv,
           "-:wcId:w\0:r"sv,
           "-:wcId:w:\xE7"sv,
           "-:wcId:w:%"sv,
           "-:wcId:w:%4"sv,
           "-:wcId:%3:r"sv,
           "-:wcId:w:%3a"sv, // lower-case digits
           "-:wcId:w:%41"sv, // no need to escape an A
           "-:wcId:w:%GG"sv,
           "-:wcId:w:%-1"sv,
       })
    BOOST_TEST(!identity::from_text(text), "\"" << text << '"');
}

BOOST_AUTO_TEST_CASE(what_is_read_is_what_its_parts_spell) {
  // Random texts over what texts are made of: whatever is taken must be one that the encoding makes of its parts.
  constexpr std::string_view alphabet = "a:%23AF5{";
  std::mt19937_64 random(11);
  std::size_t taken = 0;
  for (int i = 0; i < 300'000; ++i) {
    std::string text;
    for (auto n = 7 + random() % 10; n > 0; --n)
      text += alphabet[random() % alphabet.size()];
    const auto read = identity::from_text(text);
    if (!read)
      continue;
    ++taken;
    const auto p = read->parts();
    const auto plain = [](std::string_view part) {
      std::string bytes;
      for (std::size_t at = 0; at < part.size(); ++at)
        if (part[at] != '%') {
          bytes += part[at];
        } else {
          bytes += static_cast<char>(std::stoi(std::string(part.substr(at + 1, 2)), nullptr, 16));
          at += 2;
        }
      return bytes;
    };
    BOOST_REQUIRE((*read == identity(plain(p.credential), plain(p.field), plain(p.w_id), plain(p.room))));
  }
  BOOST_TEST(taken > 500U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
