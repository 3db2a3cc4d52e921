#define BOOST_TEST_MODULE rollcall
#include <boost/test/included/unit_test.hpp>

#include <csignal>

namespace {

// As in main(): OpenSSL writes to connections without asking not to be told in this way that they are gone.
struct no_broken_pipes {
  no_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }
};

} // namespace

BOOST_TEST_GLOBAL_FIXTURE(no_broken_pipes);
