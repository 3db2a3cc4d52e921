#include "rollcall/gateway/instances.hpp"

#include "rollcall/gateway/trust.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace rollcall::gateway {

namespace {

// A URL that has a user or a query may have a password in it.
std::string shown(const std::string& url) {
  return url.find_first_of("@?#") == std::string::npos ? fmt::format(R"("{}")", url)
                                                       : "the value (not shown, it may hold a password)";
}

} // namespace

std::shared_ptr<const upstream::directory> instances_of(const ops::config& c) {
  const upstream::ejection_policy ejections{c.upstream.eject_after, c.upstream.eject_for, c.upstream.eject_for_most};
  if (ejections.most < ejections.first)
    throw ops::config_error("upstream.eject_for_most: it is less than upstream.eject_for");
  auto trust =
      c.upstream.ca.empty() ? nullptr : trust_in(c.upstream.ca, "upstream.ca"); // a file that is named has to be there
  std::vector<upstream::directory::entry> entries;
  for (const auto& each : c.upstream.instances) {
    auto i = upstream::parse_instance(each.url);
    if (!i)
      throw ops::config_error(fmt::format("upstream.instance.url: {} {}", shown(each.url), i.error()));
    auto condition = std::make_shared<upstream::health>(i->to_string(), ejections);
    if (i->tls && !trust)
      trust = trust_in(c.upstream.ca, "upstream.ca");
    auto how = i->tls ? trust : nullptr;
    entries.push_back({std::move(*i), each.wids, std::move(condition), std::move(how)});
  }
  auto all = upstream::directory::make(std::move(entries));
  if (!all)
    throw ops::config_error("upstream.instance: " + all.error());
  return std::make_shared<const upstream::directory>(std::move(*all));
}

} // namespace rollcall::gateway
