#pragma once

#include "rollcall/redis/endpoint.hpp"

#include "support/redis_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace support {

/// A real Redis Cluster on 127.0.0.1: as many masters as replicas, three unless told otherwise, and the slots spread
/// evenly. A master that dies is replaced two or three seconds later. All functions return when they have taken effect
/// on every node that lives, and throw when they do not within twenty seconds.
class redis_cluster {
public:
  explicit redis_cluster(std::size_t masters = 3, bool replicas = true) : masters_(masters) {
    const auto count = replicas ? 2 * masters : masters;
    for (std::size_t i = 0; i < count; ++i) {
      add_node();
    }
    assign_slots();
    introduce();
    for (std::size_t i = masters; i < count; ++i) {
      await([&] { return nodes_[i]->command({"CLUSTER", "REPLICATE", id_of(i - masters)}) == "OK"; },
            "a node is known");
    }
    settle();
  }

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  redis_server& node(std::size_t i) { return *nodes_[i]; }
  [[nodiscard]] rollcall::redis::host_port address(std::size_t i) const { return {"127.0.0.1", nodes_[i]->port()}; }

  /// The first masters are the seeds.
  [[nodiscard]] rollcall::redis::deployment deployment() const {
    rollcall::redis::deployment d;
    d.how = rollcall::redis::deployment::form::cluster;
    for (std::size_t i = 0; i < masters_; ++i) {
      d.nodes.push_back(address(i));
    }
    return d;
  }

  /// One more node, which knows the others and has no slots.
  std::size_t join() {
    add_node();
    introduce();
    settle();
    return size() - 1;
  }

  std::string id_of(std::size_t i) { return nodes_[i]->command({"CLUSTER", "MYID"}); }
  std::uint16_t slot_of(std::string_view key) {
    return static_cast<std::uint16_t>(std::stoul(any().command({"CLUSTER", "KEYSLOT", key})));
  }
  /// Which node has that slot.
  std::size_t owner(std::uint16_t slot) {
    for (std::size_t i = 0; i < size(); ++i) {
      // Who has it answers; anybody else says MOVED.
      if (alive(i) && nodes_[i]->command({"GET", key_in(slot)}) == "(nil)") {
        return i;
      }
    }
    throw std::runtime_error(fmt::format("nobody has slot {}", slot));
  }
  std::size_t owner_of(std::string_view key) { return owner(slot_of(key)); }
  /// Some node that has slots and is not `i`.
  std::size_t other_than(std::size_t i) {
    for (std::size_t n = 0; n < size(); ++n) {
      if (n != i && alive(n) && nodes_[n]->command({"CLUSTER", "NODES"}).find("myself,master") != std::string::npos) {
        return n;
      }
    }
    throw std::runtime_error("there is no other master");
  }

  /// Some key in that slot, which none of the tests uses otherwise.
  std::string key_in(std::uint16_t slot) {
    if (tags_.empty()) {
      tags_.resize(rollcall_slots);
      std::size_t found = 0;
      for (unsigned n = 0; found < rollcall_slots; ++n) {
        auto tag = std::to_string(n);
        auto& known = tags_[crc_slot(tag)];
        if (known.empty()) {
          known = std::move(tag);
          ++found;
        }
      }
    }
    return "probe:{" + tags_[slot] + "}";
  }

  /// The slot is on its way: what `from` has not got is at `to`.
  void begin_move(std::uint16_t slot, std::size_t from, std::size_t to) {
    const auto name = std::to_string(slot);
    expect_ok(nodes_[to]->command({"CLUSTER", "SETSLOT", name, "IMPORTING", id_of(from)}));
    expect_ok(nodes_[from]->command({"CLUSTER", "SETSLOT", name, "MIGRATING", id_of(to)}));
  }
  /// One key of such a slot.
  void move_key(std::string_view key, std::size_t from, std::size_t to) {
    expect_ok(nodes_[from]->command({"MIGRATE", "127.0.0.1", std::to_string(nodes_[to]->port()), key, "0", "5000"}));
  }
  void end_move(std::uint16_t slot, std::size_t to) {
    const auto id = id_of(to);
    const auto name = std::to_string(slot);
    expect_ok(nodes_[to]->command({"CLUSTER", "SETSLOT", name, "NODE", id}));
    for (std::size_t i = 0; i < size(); ++i) {
      if (alive(i)) {
        nodes_[i]->command({"CLUSTER", "SETSLOT", name, "NODE", id}); // replicas refuse, and hear of it
      }
    }
    // Or the next move may get an epoch that is no later than this one's, and be undone.
    await([&] { return agree_on_epoch(); }, "the nodes know of the move");
  }
  /// With all its keys.
  void move_slot(std::uint16_t slot, std::size_t from, std::size_t to) {
    begin_move(slot, from, to);
    finish_move(slot, from, to);
  }
  /// With all keys that are still at `from`.
  void finish_move(std::uint16_t slot, std::size_t from, std::size_t to) {
    for (;;) {
      std::istringstream keys(nodes_[from]->command({"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), "100"}));
      std::string key;
      bool any = false;
      while (keys >> key) {
        move_key(key, from, to);
        any = true;
      }
      if (!any) {
        break;
      }
    }
    end_move(slot, to);
  }

  /// As a crash would, and until another node has its slots.
  void kill(std::size_t i) {
    nodes_[i]->kill();
    dead_.push_back(i);
  }
  void revive(std::size_t i) {
    nodes_[i]->start();
    std::erase(dead_, i);
    settle();
  }
  /// The node makes itself the master of what it replicates, with the old one's help.
  void promote(std::size_t replica) {
    expect_ok(nodes_[replica]->command({"CLUSTER", "FAILOVER"}));
    await([&] { return nodes_[replica]->command({"CLUSTER", "NODES"}).find("myself,master") != std::string::npos; },
          "the replica is a master");
  }

  /// Until all nodes that live agree that the cluster is at work, and replicas have their master's data.
  void settle() {
    for (std::size_t i = 0; i < size(); ++i) {
      await([&] { return !alive(i) || is_settled(i); }, "the cluster is at work");
    }
  }

private:
  static constexpr std::size_t rollcall_slots = 16384;

  [[nodiscard]] bool alive(std::size_t i) const { return std::ranges::find(dead_, i) == dead_.end(); }
  redis_server& any() {
    for (std::size_t i = 0; i < size(); ++i) {
      if (alive(i)) {
        return *nodes_[i];
      }
    }
    throw std::runtime_error("the whole cluster is dead");
  }

  bool agree_on_epoch() {
    std::string common;
    for (std::size_t i = 0; i < size(); ++i) {
      if (alive(i)) {
        const auto info = nodes_[i]->command({"CLUSTER", "INFO"});
        const auto at = info.find("cluster_current_epoch:");
        const auto epoch = info.substr(at, info.find('\r', at) - at);
        if (!common.empty() && epoch != common) {
          return false;
        }
        common = epoch;
      }
    }
    return true;
  }

  bool is_settled(std::size_t i) {
    if (nodes_[i]->command({"CLUSTER", "INFO"}).find("cluster_state:ok") == std::string::npos) {
      return false;
    }
    const auto replication = nodes_[i]->command({"INFO", "replication"});
    return replication.find("role:master") != std::string::npos ||
           replication.find("master_link_status:up") != std::string::npos;
  }

  void add_node() {
    redis_server_options o;
    o.tcp = true;
    bus_.push_back(redis_server::free_port());
    o.arguments = {"--cluster-enabled",
                   "yes",
                   "--cluster-port",
                   std::to_string(bus_.back()),
                   "--cluster-node-timeout",
                   "1000",
                   "--repl-diskless-sync-delay",
                   "0",
                   "--cluster-replica-validity-factor",
                   "0"};
    nodes_.push_back(std::make_unique<redis_server>(std::move(o)));
    expect_ok(nodes_.back()->command({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(nodes_.size())}));
  }

  void assign_slots() {
    for (std::size_t i = 0; i < masters_; ++i) {
      const auto first = std::to_string(i * rollcall_slots / masters_);
      const auto last = std::to_string((i + 1) * rollcall_slots / masters_ - 1);
      expect_ok(nodes_[i]->command({"CLUSTER", "ADDSLOTSRANGE", first, last}));
    }
  }

  /// Each to the first one, from which the others hear.
  void introduce() {
    for (std::size_t i = 1; i < size(); ++i) {
      expect_ok(nodes_[0]->command(
          {"CLUSTER", "MEET", "127.0.0.1", std::to_string(nodes_[i]->port()), std::to_string(bus_[i])}));
    }
    const auto all = fmt::format("cluster_known_nodes:{}\r", size());
    for (std::size_t i = 0; i < size(); ++i) {
      await([&] { return nodes_[i]->command({"CLUSTER", "INFO"}).find(all) != std::string::npos; },
            "the nodes have met");
    }
  }

  static void expect_ok(const std::string& said) {
    if (said != "OK") {
      throw std::runtime_error("a node of the cluster said: " + said);
    }
  }

  static void await(std::predicate auto condition, std::string_view what) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) {
        throw std::runtime_error(fmt::format("not within 20 s: {}", what));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  /// On its own, so that what is tested does not judge itself.
  static std::size_t crc_slot(std::string_view key) {
    unsigned crc = 0;
    for (const char c : key) {
      crc ^= static_cast<unsigned>(static_cast<unsigned char>(c)) << 8;
      for (int bit = 0; bit < 8; ++bit) {
        crc = ((crc << 1) ^ ((crc & 0x8000U) != 0 ? 0x1021U : 0U)) & 0xffffU;
      }
    }
    return crc % rollcall_slots;
  }

  std::size_t masters_;
  std::vector<std::unique_ptr<redis_server>> nodes_;
  std::vector<std::uint16_t> bus_;
  std::vector<std::size_t> dead_;
  std::vector<std::string> tags_;
};

} // namespace support
