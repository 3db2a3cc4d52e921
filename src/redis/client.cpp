#include "rollcall/redis/client.hpp"

#include "rollcall/redis/connection.hpp"
#include "rollcall/redis/endpoint.hpp"

#include "cluster.hpp"

#include <cassert>

namespace rollcall::redis {

std::unique_ptr<client> make_client(const net::executor& where, const deployment& to,
                                    const connection_options& options) {
  if (to.how == deployment::form::cluster) {
    return std::make_unique<cluster>(where, to, options);
  }
  assert(to.how == deployment::form::single || to.watch);
  return std::make_unique<connection>(where, to, options);
}

} // namespace rollcall::redis
