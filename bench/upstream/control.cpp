#include "upstream/control.hpp"

#include "upstream/duration.hpp"
#include "upstream/json_text.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace rollcall::standin {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view plain = "text/plain;charset=utf-8";

template <class Text>
std::string_view view(const Text& text) {
  return {text.data(), text.size()};
}

answer usage(std::string_view text) {
  return plain_answer(400, std::string(plain), fmt::format("{}\n", text));
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available");
  }
  std::string hex;
  for (unsigned i = 0; i < length; ++i) {
    fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  }
  return hex;
}

answer headers(const request& asked) {
  std::string out = R"({"method":)";
  append_json(out, view(asked.method_string()));
  out += R"(,"target":)";
  append_json(out, view(asked.target()));
  out += fmt::format(R"(,"version":"{}.{}","headers":[)", asked.version() / 10, asked.version() % 10);
  const char* separator = "";
  for (const auto& field : asked) {
    out += separator;
    out += '[';
    append_json(out, view(field.name_string()));
    out += ',';
    append_json(out, view(field.value()));
    out += ']';
    separator = ",";
  }
  out += "]}";
  return json_answer(std::move(out));
}

answer echo(request&& asked) {
  const auto type = asked[http::field::content_type];
  return plain_answer(200, std::string(view(type)), std::move(asked.body()));
}

answer echo_length(const request& asked, envelope_style style) {
  const auto data = fmt::format(R"({{"bytes":{},"sha256":"{}"}})", asked.body().size(), sha256(asked.body()));
  return json_answer(envelope(style, 1000, "成功", data));
}

answer slow(const call& made) {
  constexpr std::uint64_t most_bytes = std::uint64_t{16} << 30;
  constexpr std::uint64_t largest_chunk = std::uint64_t{1} << 20;
  const auto bytes = made.number("bytes", 1024, most_bytes);
  const auto chunk = made.number("chunk", 256, largest_chunk);
  const auto pause = made.parameter("delay");
  const auto delay = parse_duration(pause.empty() ? "0" : pause);
  if (bytes > most_bytes || chunk == 0 || chunk > largest_chunk || !delay) {
    return usage("/__slow?bytes=N&chunk=M&delay=Dms: up to 16 GiB in chunks of 1 to 1048576 bytes");
  }
  answer reply;
  reply.content_type = plain;
  reply.stream = slow_stream{bytes, static_cast<std::size_t>(chunk), *delay};
  return reply;
}

answer set_fault(const call& made, fault_switch& faults, envelope_style style) {
  const auto wanted = parse_fault(made);
  if (!wanted) {
    return usage(
        R"(POST /__fault {"mode": "none|hang|error|garbage|noise|close|cut"} or {"mode": "slow", "delay": "2s"})");
  }
  faults.set(*wanted);
  return json_answer(envelope(style, 1000, "成功", "null"));
}

answer status(const call& made) {
  const auto code = made.number("code", 0, 599);
  if (code < 200 || code > 599) {
    return usage("/__status?code=N: 200 to 599");
  }
  return plain_answer(static_cast<unsigned>(code), std::string(plain), fmt::format("status {}\n", code));
}

} // namespace

bool is_control(std::string_view path) {
  return path.starts_with("/__") || path == "/echo" || path == "/echo-length";
}

answer control(request&& asked, const call& made, counters& counts, fault_switch& faults, envelope_style style) {
  const auto path = made.path();
  if (path == "/__stats") {
    return json_answer(counts.to_json());
  }
  if (path == "/__reset") {
    counts.reset();
    return json_answer(envelope(style, 1000, "成功", "null"));
  }
  if (path == "/__fault") {
    return set_fault(made, faults, style);
  }
  if (path == "/__headers") {
    return headers(asked);
  }
  if (path == "/__slow") {
    return slow(made);
  }
  if (path == "/__status") {
    return status(made);
  }
  if (path == "/echo") {
    return echo(std::move(asked));
  }
  if (path == "/echo-length") {
    return echo_length(asked, style);
  }
  return plain_answer(404, std::string(plain), "no such control\n");
}

} // namespace rollcall::standin
