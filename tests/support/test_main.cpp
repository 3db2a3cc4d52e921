#define BOOST_TEST_MODULE rollcall
#include <boost/test/included/unit_test.hpp>
