#!/usr/bin/python3
"""rollcall-bench from outside: it counts right, finds wrong answers, and leaves nobody out who had to wait.

ROLLCALL_BENCH_BIN is the program.
"""

import contextlib
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import BUILT, PATIENCE, ProcessTest

BENCH = os.environ.get("ROLLCALL_BENCH_BIN") or str(BUILT / "rollcall-bench")


class Outcome:
    def __init__(self, done, file):
        self.code, self.table, self.errors = done.returncode, done.stdout, done.stderr
        text = Path(file).read_text() if Path(file).exists() else ""
        self.json = json.loads(text) if text else None

    def __getattr__(self, name):
        return self.json[name]

    def __repr__(self):
        return f"<{self.code} {self.table} {self.errors} {self.json}>"


class BenchTest(ProcessTest):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="rollcall-bench-")
        self.addCleanup(subprocess.run, ["rm", "-r", self.directory], check=True)

    def file(self, name):
        return f"{self.directory}/{name}"

    def command(self, *arguments):
        return subprocess.run([BENCH, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE + 30,
                              check=False)

    def run_bench(self, target, *flags, warmup="0", duration="1s", name="result.json"):
        """`target`: a server, or several URLs."""
        urls = target if isinstance(target, list) else [getattr(target, "url", target)]
        targets = [word for url in urls for word in ("--target", url)]
        file = self.file(name)
        Path(file).unlink(missing_ok=True)
        return Outcome(self.command("run", *targets, "--warmup", warmup, "--duration", duration, "--json", file,
                                    *flags), file)

    def assert_sound(self, outcome):
        self.assertEqual((outcome.code, outcome.wrong), (0, 0), outcome)
        said = outcome.json["errors"]
        self.assertEqual((sum(v for k, v in said.items() if k != "status"), said["status"]), (0, {}), outcome)
        self.assertEqual(sum(outcome.hits.values()), outcome.requests)
        self.assertEqual(sum(point["requests"] for point in outcome.series), outcome.requests)
        kinds = [outcome.json[kind]["count"] for kind in ("latency_us", "writes_us", "herds_us")]
        self.assertEqual(sum(kinds), outcome.requests)
        self.assertEqual(sum(count for _, count in outcome.histogram), outcome.latency_us["count"])
        self.assertEqual(sum(outcome.moments["requests"]), outcome.requests)
        self.assertEqual(sum(outcome.moments["errors"]), 0)


class Counting(BenchTest):
    def test_open_loop_asks_exactly_as_often_as_it_should(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance)
        outcome = self.run_bench(gateway, "--rate", 500, "--upstream-stats", instance.url, "--pid", gateway.child.pid,
                                 duration="2s")
        self.assert_sound(outcome)
        self.assertEqual(outcome.requests, 1000)
        self.assertEqual([point["requests"] > 400 for point in outcome.series], [True, True])
        rooms = instance.stats()["rooms"]
        self.assertEqual(outcome.upstream_calls, len(rooms))
        self.assertEqual(set(rooms.values()), {1})
        self.assertEqual(outcome.series[-1]["upstream_calls"], len(rooms))
        self.assertGreaterEqual(outcome.hits["miss"], len(rooms))
        self.assertTrue(all(re.fullmatch(r"token-of-bot-(\d{4})\|bot-\1\|\d+@chatroom", key) for key in rooms), rooms)
        self.assertGreater(outcome.cpu_us_per_request, 1)
        self.assertGreater(outcome.rss_bytes, 1 << 20)

    def test_closed_loop_over_two_gateways_on_two_threads(self):
        instance = self.start_instance()
        gateways = [self.start_gateway(instance) for _ in range(2)]
        outcome = self.run_bench([each.url for each in gateways], "--threads", 2, "--connections", 7, "--pipeline", 3,
                                 "--gzip")
        self.assert_sound(outcome)
        served = [each.metric("rollcall_requests_total") for each in gateways]
        self.assertGreater(min(served), 0)
        # Every request counts but those on their way when it began: none, without a warm-up.
        self.assertEqual(sum(served), outcome.requests)

    def test_a_connection_for_each_request(self):
        instance = self.start_instance()
        outcome = self.run_bench(instance, "--reconnect", "--rate", 300, "--connections", 20)
        self.assert_sound(outcome)
        self.assertEqual(outcome.requests, 300)
        self.assertGreaterEqual(instance.stats()["connections"]["accepted"], 300)

    def test_every_room_is_asked_for_before_the_warm_up(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance)
        outcome = self.run_bench(gateway, "--prime", "--bots", 10, "--rooms", 30, "--members", "4-20")
        self.assert_sound(outcome)
        self.assertEqual(len(instance.stats()["rooms"]), 300)
        self.assertEqual(outcome.hits["memory"], outcome.requests)

    def test_herds_find_a_room_that_nobody_has(self):
        instance = self.start_instance("--latency", "20ms")
        gateway = self.start_gateway(instance)
        outcome = self.run_bench(gateway, "--herd", "every=300ms,askers=20", "--rate", 100, "--bots", 1, "--rooms", 1,
                                 "--upstream-stats", instance.url)
        self.assert_sound(outcome)
        self.assertEqual((outcome.herds_us["count"], outcome.latency_us["count"]), (3 * 20, 100))
        self.assertEqual(outcome.upstream_calls, 1 + 3)
        self.assertGreater(outcome.herds_us["min"], 20_000)

    def test_a_sticky_bot_asks_one_gateway_only(self):
        for rate in (["--rate", 500], []):
            instances = [self.start_instance() for _ in range(2)]
            outcome = self.run_bench([each.url for each in instances], "--sticky", "--bots", 5, "--rooms", 10,
                                     "--churn", 0.1, *rate)
            self.assert_sound(outcome)
            asked = [{key.split("|")[1] for key in each.stats()["rooms"]} for each in instances]
            self.assertEqual(asked, [{"bot-0000", "bot-0002", "bot-0004"}, {"bot-0001", "bot-0003"}])

    def test_hits_have_a_latency_of_their_own(self):
        gateway = self.start_gateway(self.start_instance("--latency", "100ms"))
        outcome = self.run_bench(gateway, "--rate", 200, "--bots", 1, "--rooms", 4)
        self.assert_sound(outcome)
        self.assertEqual(outcome.hits_us["count"], outcome.hits["memory"])
        self.assertGreater(outcome.latency_us["max"], 100_000)
        self.assertLess(outcome.hits_us["p50"], 50_000)
        self.assertGreater(max(outcome.moments["worst_us"]), 100_000)
        self.assertEqual(max(outcome.moments["worst_hit_us"]), int(outcome.hits_us["max"]))

    def test_other_calls_pass_through(self):
        instance = self.start_instance()
        outcome = self.run_bench(self.start_gateway(instance), "--passthrough", "--rate", 300)
        self.assert_sound(outcome)
        self.assertEqual((outcome.hits["none"], instance.stats()["endpoints"]),
                         (300, {"/getChatRoomMemberInfo": 300}))


class Wrong(BenchTest):
    def test_rooms_of_another_seed(self):
        outcome = self.run_bench(self.start_instance("--seed", "2"), "--rate", 200)
        self.assertEqual((outcome.code, outcome.requests, outcome.wrong), (1, 200, 200))
        self.assertIn("200 wrong answers", outcome.errors)

    def test_no_verify_looks_at_the_status_only(self):
        outcome = self.run_bench(self.start_instance("--seed", "2"), "--rate", 200, "--no-verify")
        self.assert_sound(outcome)

    def test_one_answer_in_ten_is_another_bots(self):
        instance = self.start_instance("--members", "7")
        with peer(mixing_up(instance)) as url:
            for flags in ([], ["--pipeline", 4], ["--gzip"]):
                outcome = self.run_bench(url, "--members", 7, "--connections", 1, *flags)
                self.assertEqual(outcome.code, 1)
                self.assertLessEqual(abs(outcome.wrong - outcome.requests / 10), 2, outcome)

    def test_changes_show_at_once_and_are_taken_back_in_the_end(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance)
        outcome = self.run_bench(gateway, "--churn", 0.1, "--bots", 3, "--rooms", 5, duration="2s")
        self.assert_sound(outcome)
        self.assertGreater(outcome.writes_us["count"], 50)
        self.assertGreater(instance.stats()["endpoints"]["/deleteChatRoomMember"], 20)
        self.assert_sound(self.run_bench(instance, "--bots", 3, "--rooms", 5, "--prime"))

    def test_a_gateway_that_misses_changes_is_found_out(self):
        gateway = self.start_gateway(self.start_instance(), settings="[invalidate]\npaths = []\n")
        outcome = self.run_bench(gateway, "--churn", 0.1, "--bots", 3, "--rooms", 5)
        self.assertEqual(outcome.code, 1)
        self.assertGreater(outcome.outdated, 10)
        self.assertLessEqual(outcome.outdated, outcome.wrong)


class Waiting(BenchTest):
    def test_a_stall_counts_for_all_who_would_have_had_to_wait(self):
        gateway = self.start_gateway(self.start_instance())
        pid = gateway.child.pid
        stall = f"500ms kill -STOP {pid}; sleep 0.6; kill -CONT {pid}"
        outcome = self.run_bench(gateway, "--rate", 1000, "--connections", 4, "--at", stall, duration="2s",
                                 warmup="500ms")
        self.assert_sound(outcome)
        self.assertEqual(outcome.requests, 2000)
        late = sum(count for upper, count in outcome.histogram if upper > 100_000)
        self.assertGreater(late, 450)  # all of the 500 that were due in the first 0.5 s of it
        self.assertGreater(outcome.latency_us["p99"], 500_000)
        self.assertEqual([(e["status"], e["t"] >= 0.5, e["command"]) for e in outcome.events],
                         [(0, True, stall.partition(" ")[2])])
        closed = self.run_bench(gateway, "--connections", 4, "--at", stall, duration="2s")
        self.assertLessEqual(sum(count for upper, count in closed.histogram if upper > 500_000), 4)

    def test_who_never_answers_runs_into_the_time_limit(self):
        with peer(lambda connection: connection.recv(1)) as url:
            outcome = self.run_bench(url, "--timeout", "200ms", "--connections", 3, "--rate", 50)
        self.assertEqual(outcome.code, 1)
        said = outcome.json["errors"]
        self.assertGreaterEqual(said["timeout"], 3)
        self.assertEqual(said["timeout"] + said["unsent"], 50)
        self.assertIn("no request was answered", outcome.errors)

    def test_ctrl_c_ends_it_with_its_results(self):
        instance = self.start_instance()
        file = self.file("early.json")
        with subprocess.Popen([BENCH, "run", "--target", instance.url, "--warmup", "0", "--duration", "60m", "--json",
                               file, "--at", f"300ms echo now >{self.file('begun')}"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as running:
            end = threading.Timer(PATIENCE, running.kill)
            end.start()
            while not Path(self.file("begun")).exists() and running.poll() is None:
                pass
            running.send_signal(signal.SIGINT)
            table, errors = running.communicate()
            end.cancel()
        outcome = json.loads(Path(file).read_text())
        self.assertEqual((running.returncode, errors), (0, ""))
        self.assertLess(0.2, outcome["seconds"])
        self.assertLess(outcome["seconds"], PATIENCE)
        self.assertGreater(outcome["requests"], 0)
        self.assertIn("requests", table)


class Failing(BenchTest):
    def test_statuses_are_counted_apart(self):
        outcome = self.run_bench(self.start_instance("--error", "0.5"), "--rate", 400)
        failed = outcome.json["errors"]["status"]
        self.assertEqual((outcome.code, list(failed), outcome.requests + failed["500"]), (0, ["500"], 400))
        self.assertLess(abs(outcome.requests - 200), 80)

    def test_connections_that_end_before_the_answer(self):
        with peer(lambda connection: connection.recv(10_000) and connection.close()) as url:
            outcome = self.run_bench(url, "--connections", 2, duration="300ms")
        self.assertEqual(outcome.code, 1)
        self.assertGreater(outcome.json["errors"]["closed"], 2)

    def test_a_peer_that_closes_after_its_answer_is_asked_on_another_connection(self):
        def answer_and_leave(connection):
            connection.recv(10_000)
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", socket.MSG_MORE)  # in one with the end
            connection.shutdown(socket.SHUT_RDWR)

        with peer(answer_and_leave) as url:
            outcome = self.run_bench(url, "--no-verify", "--rate", 10, "--connections", 2)
        self.assert_sound(outcome)
        self.assertEqual(outcome.requests, 10)

    def test_what_is_no_http(self):
        with peer(lambda connection: connection.recv(10_000) and connection.sendall(b"220 hello\r\n\r\n")) as url:
            outcome = self.run_bench(url, "--connections", 2, duration="300ms")
        self.assertGreater(outcome.json["errors"]["protocol"], 2)

    def test_nobody_listens(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as unused:
            port = unused.getsockname()[1]
        outcome = self.run_bench(f"http://127.0.0.1:{port}")
        self.assertEqual((outcome.code, outcome.errors), (2, f"rollcall-bench: 127.0.0.1:{port}: Connection refused\n"))

    def test_mistakes_are_explained(self):
        for flags, said in ((["--reconnect", "--pipeline", "2"], "--pipeline needs"), (["--herd", "x"], "every=TIME"),
                            (["--members", "x"], "0 to 500"), (["--replay", "/none"], "/none: cannot be read"),
                            (["--churn", "2"], "--churn"), (["--sticky", "--connections", "1", "--target", self.shared().url],
                                                           "--sticky takes"), (["--threads", "9", "--connections", "3"], "--threads")):
            with self.subTest(flags):
                outcome = self.run_bench(self.shared().url, *flags)
                self.assertNotEqual(outcome.code, 0)
                self.assertIn(said, outcome.errors + outcome.table)

    def shared(self):
        self.instance = getattr(self, "instance", None) or self.start_instance()
        return self.instance


class Recorded(BenchTest):
    def test_what_a_gateway_logged_is_asked_again(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance, "--access-log")
        for number in range(5):
            gateway.members(f"{number}@chatroom", token="secret")
            gateway.members(f"{number}@chatroom", wid="w 2", field="chatRoomId")
        gateway.ask("GET", "/echo")
        log = self.file("access.log")
        Path(log).write_text(gateway.said())
        instance.ask("POST", "/__reset")
        outcome = self.run_bench(instance, "--replay", log, "--rate", 110)
        self.assert_sound(outcome)
        self.assertEqual(outcome.requests, 110)
        rooms = instance.stats()["rooms"]
        self.assertEqual((len(rooms), set(rooms.values())), (10, {10}))
        self.assertEqual({key.split("|")[1] for key in rooms}, {"w1", "w 2"})

    def test_two_results_are_compared_and_shown_on_a_page(self):
        instance = self.start_instance()
        files = [self.file(name) for name in ("a.json", "b.json")]
        for name, rate in (("a.json", 100), ("b.json", 200)):
            outcome = self.run_bench(instance, "--rate", rate, "--html", self.file("run.html"), name=name)
            self.assert_sound(outcome)
        compared = self.command("compare", *files)
        self.assertEqual((compared.returncode, compared.stderr), (0, ""))
        self.assertRegex(compared.stdout, r"requests a second +100 +200 +2\.00")
        page = self.file("page.html")
        self.assertEqual(self.command("report", *files, "--html", page).returncode, 0)
        for file in (page, self.file("run.html")):
            text = Path(file).read_text()
            self.assertGreaterEqual(text.count("<svg"), 3)
            self.assertNotRegex(text, r"(?i)<script|src=|@import|url\(")
        refused = self.command("compare", files[0], page)
        self.assertEqual((refused.returncode, refused.stderr),
                         (2, f"rollcall-bench: {page}: no result of rollcall-bench, schema 1\n"))


@contextlib.contextmanager
def peer(serve):
    """A server with a thread for each connection: serve(socket) once, or a handler class. Yields its URL."""
    if isinstance(serve, type):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
        return
    listening = socket.create_server(("127.0.0.1", 0), backlog=100)
    kept = []

    def accept():
        with contextlib.suppress(OSError):
            while True:
                kept.append(listening.accept()[0])
                threading.Thread(target=attend, args=(kept[-1],), daemon=True).start()

    def attend(connection):
        with contextlib.suppress(OSError):
            serve(connection)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        for each in (listening, *kept):
            each.close()


def mixing_up(instance):
    """Hands on to the instance, but every tenth time asks it for the room of somebody else."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True
        asked = 0

        def do_POST(self):  # noqa: N802
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            Handler.asked += 1
            if Handler.asked % 10 == 0:
                number = int(body["wcId"].partition("@")[0])
                body["wcId"] = f"{number + 1}@chatroom"
            answer = instance.post(body).body
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    return Handler


if __name__ == "__main__":
    unittest.main()
