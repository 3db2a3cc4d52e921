#pragma once

#include "rollcall/redis/endpoint.hpp"
#include "rollcall/redis/reply.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// What Sentinels say, read without believing more than it shows.
namespace rollcall::redis {

/// The channel on which they announce a new master.
inline constexpr std::string_view switch_channel = "+switch-master";

/// Where `SENTINEL GET-MASTER-ADDR-BY-NAME` says the master is; nullopt when it knows none of that name, or makes no
/// sense.
std::optional<host_port> read_address(const reply& r);

/// The `config-epoch` of `SENTINEL MASTER`, by which the latest of several opinions is told; 0 when there is none.
std::uint64_t read_config_epoch(const reply& r);

/// The other Sentinels, of `SENTINEL SENTINELS`.
std::vector<host_port> read_sentinels(const reply& r);

struct master_switch {
  host_port from;
  host_port to;
};
/// A message on switch_channel about the master of that name; nullopt for all else.
std::optional<master_switch> read_switch(const reply& r, std::string_view master);

} // namespace rollcall::redis
