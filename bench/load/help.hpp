#pragma once

/// What --help teaches.
namespace rollcall::load::help {

inline constexpr auto about =
    R"(Asks gateways for lists of members as bots do, as fast as they can answer or at a fixed rate, and tells how
long it took, what it cost, and whether every single answer was right.)";

inline constexpr auto commands = R"(Try:
  rollcall-upstream &                                # a stand-in for the platform
  rollcall --upstream http://127.0.0.1:18081 &
  rollcall-bench run --target http://127.0.0.1:8080
  rollcall-bench run --help)";

inline constexpr auto about_run =
    R"(Loads one gateway or several, and prints a table.

Closed loop, the default: every connection asks again as soon as it has its answer. That finds out how much
a gateway can do; its latencies are those of a gateway that is always full.
Open loop, --rate: questions are due at fixed times, whatever the gateway does, and latency counts from
then. When the gateway stalls, all those who would have had to wait are counted. Latencies to compare, or
to promise, come from this one.

Answers are held against the rooms of rollcall-upstream, byte for byte: --seed and --members have to be
those it runs with. The exit status is 1 if one was wrong, or if there was none at all.)";

inline constexpr auto examples = R"(Examples:
  saturation, with the CPU time that the gateway spends on a request:
    rollcall-bench run --target http://127.0.0.1:8080 --pid $(pidof rollcall)
  latency at 5,000 requests a second over two gateways, kept for a report:
    rollcall-bench run --target http://10.0.0.1:8080 --target http://10.0.0.2:8080 \
        --rate 5000 --duration 60s --json a.json --html a.html
  bots that open a connection for each call, rooms that change, crowds at cold rooms, calls saved:
    rollcall-bench run --target http://127.0.0.1:8080 --reconnect --rate 1000 --churn 0.01 \
        --herd every=1s,askers=100 --upstream-stats http://127.0.0.1:18081
  a fault in the middle (a file of such lines: --script FILE):
    rollcall-bench run --target http://127.0.0.1:8080 --rate 2000 --duration 30s \
        --at '10s redis-cli shutdown nosave'
  what the bots really asked, from the log of rollcall --access-log, against any instance:
    rollcall-bench run --target http://127.0.0.1:8080 --replay access.log --no-verify

Ctrl-C ends a run early, with its results. The client takes CPU time as well, some 1.5 us of its own for a
question and its answer and several times that in the kernel, as any client does: leave it a core. The table
tells what it took; when that is all of a core, it was the client that could do no more.)";

} // namespace rollcall::load::help
