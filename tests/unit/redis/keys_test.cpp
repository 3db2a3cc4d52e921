#include "../../../src/redis/keys.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>
#include <variant>

namespace redis = rollcall::redis;
namespace cache = rollcall::cache;

BOOST_AUTO_TEST_SUITE(redis_keys)

namespace {

const redis::keys all("ns");
const cache::identity id("-", "wcId", "0000016e", "2332@chatroom");
const cache::identity odd("0123456789abcdef", "chatRoomId", "{a}:lease", "100%:{b}");

template <class T>
bool is(std::string_view key) {
  return std::holds_alternative<T>(all.parse(key));
}

} // namespace

BOOST_AUTO_TEST_CASE(names_are_what_operators_look_for) {
  BOOST_TEST(all.prefix() == "ns:");
  BOOST_TEST(all.value(id) == "ns:{-:wcId:0000016e:2332@chatroom}");
  BOOST_TEST(all.lease(id) == "ns:{-:wcId:0000016e:2332@chatroom}:lease");
  BOOST_TEST(all.index_of_account(id.parts().w_id) == "ns:w:0000016e");
  BOOST_TEST(all.index_of_room(id.parts().room) == "ns:r:2332@chatroom");
  BOOST_TEST(all.signal(cache::scope::account("0000016e")) == "ns:purge:w:0000016e");
  BOOST_TEST(all.signal(cache::scope::room("2332@chatroom")) == "ns:purge:r:2332@chatroom");
  BOOST_TEST(all.signal(cache::scope::of("0000016e", "2332@chatroom")) == "ns:purge:p:0000016e:2332@chatroom");
}

BOOST_AUTO_TEST_CASE(what_is_made_is_understood) {
  for (const auto& each : {id, odd}) {
    const auto value = all.parse(all.value(each));
    BOOST_REQUIRE(std::holds_alternative<redis::value_key>(value));
    BOOST_TEST((std::get<redis::value_key>(value).id == each));
    const auto lease = all.parse(all.lease(each));
    BOOST_REQUIRE(std::holds_alternative<redis::lease_key>(lease));
    BOOST_TEST((std::get<redis::lease_key>(lease).id == each));
    BOOST_TEST(is<redis::index_key>(all.index_of_account(each.parts().w_id)));
    BOOST_TEST(is<redis::index_key>(all.index_of_room(each.parts().room)));
  }
  for (const auto& each : {cache::scope::account("a:b"), cache::scope::room("{r}"), cache::scope::of("a", "r:%")}) {
    const auto signal = all.parse(all.signal(each));
    BOOST_REQUIRE(std::holds_alternative<redis::signal_key>(signal));
    BOOST_TEST((std::get<redis::signal_key>(signal).of == each));
  }
}

// An identity whose parts look like our own punctuation cannot pose as another key.
BOOST_AUTO_TEST_CASE(keys_of_different_kinds_never_meet) {
  const auto index = all.index_of_account("purge");
  BOOST_TEST(index != all.signal(cache::scope::account("purge")));
  BOOST_TEST(all.value(odd).find('}') == all.value(odd).size() - 1);
}

BOOST_AUTO_TEST_CASE(what_is_not_ours_is_foreign) {
  for (std::string_view key :
       {"", "ns", "ns:", "ns:{", "ns:{}", "ns:{-:wcId:0000016e}", "ns:{-:wcId:0000016e:r", "ns:{-:wcId:0000016e:r}x",
        "ns:{-:wcId:0000016e:r}:leas", "ns:{-:wcId:0000016e:r}:lease2", "ns:{-:wcId:00 6e:r}", "ns:purge:",
        "ns:purge:x:1", "ns:purge:w:", "ns:purge:p:1", "other:{-:wcId:0000016e:r}", "NS:{-:wcId:0000016e:r}", "ns:x"}) {
    BOOST_TEST(is<redis::foreign_key>(key), key);
  }
}

BOOST_AUTO_TEST_SUITE_END()
