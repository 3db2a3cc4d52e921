#!/usr/bin/python3
"""What an operator does and sees: signals, the admin port, and how an instance in trouble looks from outside."""

import contextlib
import re
import signal
import socket
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import GATEWAY, PATIENCE, Answer, ProcessTest, request_body, until

CUT_OFF = r"^\S+ warning cutting off "


@contextlib.contextmanager
def listening():
    """A port of somebody else's: connections are accepted by the kernel, and nothing ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class Memory(ProcessTest):
    def test_the_heap_is_for_huge_pages_as_far_as_the_cache_reaches(self):
        gateway = self.start_gateway(self.start_instance(), settings='[cache]\nmemory = "256MiB"\n')
        process = Path(f"/proc/{gateway.child.pid}")
        if b"__asan_init" in (process / "exe").read_bytes() or b"__tsan_init" in (process / "exe").read_bytes():
            self.skipTest("a sanitizer's malloc does not ask for it")
        if not Path("/sys/kernel/mm/transparent_hugepage").exists():
            self.skipTest("this kernel has none")
        mappings = re.split(r"(?m)^(?=[0-9a-f]+-)", (process / "smaps").read_text())
        advised = [int(re.search(r"^Size: +(\d+) kB$", m, re.M)[1]) for m in mappings
                   if re.search(r"^VmFlags:.* hg\b", m, re.M)]
        self.assertGreaterEqual(sum(advised), 128 * 1024)
        rss = int(re.search(r"^VmRSS:\s+(\d+) kB$", (process / "status").read_text(), re.M)[1])
        self.assertLess(rss, 40 * 1024, "what is not used takes nothing")

    def test_a_heap_that_reaches_as_far_leaves_room_in_a_limited_address_space(self):
        if any(mark in Path(GATEWAY).read_bytes() for mark in (b"__asan_init", b"__tsan_init")):
            self.skipTest("a sanitizer takes terabytes of addresses")
        instance = self.start_instance()
        for resource, most in (("as", 310 << 20), ("data", 295 << 20)):  # the heap, and too little for what follows
            with self.subTest(resource):
                gateway = self.start_gateway(instance, settings='[cache]\nmemory = "256MiB"\n',
                                             limits=[f"--{resource}={most}"])
                self.assertEqual(gateway.members("1@chatroom").status, 200)


class Start(ProcessTest):
    def test_it_ends_when_the_system_has_no_room_for_all_threads(self):
        if any(mark in Path(GATEWAY).read_bytes() for mark in (b"__asan_init", b"__tsan_init")):
            self.skipTest("a sanitizer takes terabytes of addresses")
        # There is for some of 64 stacks of 8 MiB.
        ended = subprocess.run(["prlimit", f"--as={300 << 20}", f"--stack={8 << 20}", GATEWAY, "--threads", "64",
                                "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
                               capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(ended.returncode, 1, ended)
        self.assertRegex(ended.stderr, r"(?m)^rollcall: Resource temporarily unavailable")


class Signals(ProcessTest):
    def in_flight(self, gateway, count):
        """So many requests, which the instance has and does not answer yet."""
        pool = ThreadPoolExecutor(count)
        self.addCleanup(pool.shutdown)
        asked = [pool.submit(gateway.members, f"{i}@chatroom") for i in range(count)]
        until(lambda: gateway.metric("rollcall_upstream_connections", state="busy") == count, "all are in flight")
        return asked

    def test_requests_in_flight_are_answered_before_it_ends(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            instance = self.start_instance("--latency", "1500ms")
            gateway = self.start_gateway(instance)
            self.assertEqual(gateway.admin("/readyz").status, 200)
            asked = self.in_flight(gateway, 20)
            gateway.signal(number)
            unready = until(lambda: (a := gateway.admin("/readyz")).status != 200 and a, "it is not ready any more")
            self.assertEqual((unready.status, unready.body), (503, b"draining\n"))
            self.assertEqual(gateway.admin("/healthz").status, 200)
            self.assertRaises(ConnectionRefusedError, gateway.members, "new@chatroom")
            answers = [each.result(PATIENCE) for each in asked]
            self.assertEqual({a.status for a in answers}, {200})
            self.assertEqual({a.headers["Connection"] for a in answers}, {"close"})
            self.assertEqual(gateway.wait(), 0)
            self.assertEqual(instance.calls(), 20)

    def test_idle_connections_do_not_hold_it_up_and_may_bring_a_last_request(self):
        gateway = self.start_gateway(self.start_instance())
        idle = [self.enterContext(contextlib.closing(gateway.connect())) for _ in range(10)]
        for connection in idle:
            connection.request("POST", "/getChatRoomMember", request_body("w1", "1@chatroom"))
            self.assertEqual(Answer(connection.getresponse()).status, 200)
        begin = time.monotonic()
        gateway.signal(signal.SIGTERM)
        until(lambda: gateway.admin("/readyz").status == 503, "it drains")
        idle[0].request("POST", "/getChatRoomMember", request_body("w1", "1@chatroom"))
        last = Answer(idle[0].getresponse())
        self.assertEqual((last.status, last.headers["Connection"]), (200, "close"))
        self.assertEqual(gateway.wait(), 0)
        self.assertLess(time.monotonic() - begin, 4)

    def test_a_second_signal_cuts_off_what_is_left(self):
        gateway = self.start_gateway(self.start_instance("--latency", "60s"))
        gateway.expected_errors.append(CUT_OFF)
        asked = self.in_flight(gateway, 3)
        begin = time.monotonic()
        gateway.signal(signal.SIGTERM)
        until(lambda: gateway.admin("/readyz").status == 503, "it drains")
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.wait(), 0)
        self.assertLess(time.monotonic() - begin, 4)
        for each in asked:
            self.assertIsInstance(each.exception(PATIENCE), OSError)

    def test_the_drain_has_a_limit(self):
        gateway = self.start_gateway(self.start_instance("--latency", "60s"),
                                     settings='[server]\ndrain_timeout = "300ms"\n')
        gateway.expected_errors.append(CUT_OFF)
        self.in_flight(gateway, 1)
        begin = time.monotonic()
        gateway.signal(signal.SIGTERM)
        self.assertEqual(gateway.wait(), 0)
        self.assertLess(time.monotonic() - begin, 4)


class Admin(ProcessTest):
    def setUp(self):
        self.instance = self.start_instance()
        self.gateway = self.start_gateway(self.instance)

    def test_pages(self):
        self.assertEqual(self.gateway.admin("/healthz").body, b"ok\n")
        self.assertEqual(self.gateway.admin("/readyz").body, b"ready\n")
        self.assertIn(b"<h1>Rollcall</h1>", self.gateway.admin("/").body)
        status = self.gateway.admin("/status").json()
        self.assertEqual((status["draining"], status["threads"], status["redis"]), (False, 2, None))
        for path in ("/nowhere", "/metrics/", "/getChatRoomMember"):
            self.assert_envelope(self.gateway.admin(path), 404)
        refused = self.gateway.admin("/metrics", "DELETE")
        self.assert_envelope(refused, 405)
        self.assertEqual(refused.headers["Allow"], "GET, HEAD")
        self.assertEqual(self.gateway.admin("/metrics", "HEAD").body, b"")

    def test_it_is_not_on_the_public_port(self):
        for number, path in enumerate(("/metrics", "/status", "/healthz", "/purge"), 1):
            answer = self.gateway.ask("GET", path)
            self.assertEqual(answer.cache, "rollcall; fwd=bypass; fwd-status=200")
            self.assertEqual(self.instance.calls(), number)

    def test_counts_are_those_of_the_traffic_and_no_label_is_a_clients(self):
        for _ in range(3):
            self.gateway.members("31337@chatroom", wid="a-wid-of-a-kind", token="a-token-of-a-kind")
        self.gateway.post({"wId": "a-wid-of-a-kind"}, target="/a-path-of-a-kind?query-of-a-kind")
        self.gateway.post(b"nonsense")
        for outcome, count in (("memory", 2), ("fetched", 1), ("bad_request", 1), ("redis", 0)):
            self.assertEqual(self.gateway.metric("rollcall_member_requests_total", outcome=outcome), count, outcome)
        self.assertEqual(self.gateway.metric("rollcall_passed_through_total"), 1)
        self.assertEqual(self.gateway.metric("rollcall_requests_total"), 5)
        status = self.gateway.admin("/status").json()
        self.assertEqual((status["members"]["hits_memory"], status["upstream"]["calls"]), (2, 1))
        text = self.gateway.admin("/metrics").body.decode()
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) rollcall_\w+ .+|rollcall_\w+(\{(\w+="[^"\\]*",?)+\})? \S+)$')
        self.assertNotRegex(text + str(status), "of-a-kind|31337")


class InstanceInTrouble(ProcessTest):
    def both(self, gateway):
        """The cached call, and one that is passed through."""
        yield gateway.members("1@chatroom")
        yield gateway.post({"wId": "w1"}, target="/sendText")

    def test_down_is_a_502_at_once(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))  # and never listens
            gateway = self.start_gateway(f"http://127.0.0.1:{closed.getsockname()[1]}",
                                         settings='[upstream]\nconnect_timeout = "20s"\n')
            begin = time.monotonic()
            for answer, reason in zip(self.both(gateway), ("miss", "bypass"), strict=True):
                self.assert_envelope(answer, 502)
                self.assertEqual(answer.cache, f"rollcall; fwd={reason}; detail=unreachable")
            self.assertLess(time.monotonic() - begin, 2)
            gateway.signal(signal.SIGTERM)
            self.assertEqual(gateway.wait(5), 0)  # no forgotten deadline holds it up

    def test_silent_is_a_504_after_the_timeout(self):
        with listening() as port:
            gateway = self.start_gateway(f"http://127.0.0.1:{port}", settings='[upstream]\ntimeout = "400ms"\n')
            begin = time.monotonic()
            for answer, reason in zip(self.both(gateway), ("miss", "bypass"), strict=True):
                self.assert_envelope(answer, 504)
                self.assertEqual(answer.cache, f"rollcall; fwd={reason}; detail=timed-out")
            self.assertTrue(0.7 < time.monotonic() - begin < 5, "twice the timeout")

    def test_an_http_error_is_a_502_and_is_not_kept(self):
        instance = self.start_instance("--error", "1")
        gateway = self.start_gateway(instance)
        for calls in range(1, 3):
            answer = gateway.members("1@chatroom")
            self.assert_envelope(answer, 502)
            self.assertEqual(answer.cache, "rollcall; fwd=miss; fwd-status=500; detail=http-error")
            self.assertEqual(instance.calls(), calls)

    def test_the_last_good_answer_is_served_stale_up_to_its_limit(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance, settings='[cache]\nfresh = "1s"\nstale_while_revalidate = "0ms"\n'
                                                        'stale_if_error = "2s"\njitter = 0\nearly_refresh = 0\n'
                                                        '[upstream]\neject_after = 0\n')
        good = gateway.members("1@chatroom")
        instance.kill()
        self.assertRegex(gateway.members("1@chatroom").cache, "^rollcall; hit;")
        stale = until(lambda: "hit" not in (a := gateway.members("1@chatroom")).cache and a, "it is no longer fresh")
        self.assertEqual((stale.status, stale.body), (200, good.body))
        # In its very first stale millisecond, ttl is still 0.
        self.assertRegex(stale.cache, r"^rollcall; fwd=stale; ttl=(0|-[12]); detail=unreachable$")
        self.assertIn(stale.headers["Age"], ("1", "2"))
        again = gateway.members("1@chatroom")  # without another attempt
        self.assertEqual((again.status, again.body), (200, good.body))
        self.assertRegex(again.cache, r"^rollcall; hit; ttl=(0|-[12]); detail=memory$")
        gone = until(lambda: (a := gateway.members("1@chatroom")).status != 200 and a, "it is too old even for that")
        self.assert_envelope(gone, 502)
        self.assertEqual(gateway.members("1@chatroom").headers["Age"], None)

    def test_an_instance_that_comes_back_is_used_again(self):
        with socket.socket() as place:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            place.bind(("127.0.0.1", 0))
            port = place.getsockname()[1]
        gateway = self.start_gateway(f"http://127.0.0.1:{port}")
        self.assert_envelope(gateway.members("1@chatroom"), 502)
        instance = self.start_instance(port=port)
        body = gateway.members("1@chatroom").body
        instance.kill()
        self.start_instance(port=port)
        self.assertEqual(gateway.members("1@chatroom").body, body)
        self.assertEqual(gateway.members("2@chatroom").status, 200)  # not on the dead connection


class Descriptors(ProcessTest):
    def test_it_survives_want_of_file_descriptors(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance)
        gateway.expected_errors.append(r"^\S+ warning cannot accept connections: Too many open files")

        def ask(connection):
            connection.request("POST", "/getChatRoomMember", request_body("w1", "1@chatroom"))
            return Answer(connection.getresponse()).status

        with contextlib.ExitStack() as held:
            warm = [held.enter_context(contextlib.closing(gateway.connect())) for _ in range(4)]
            self.assertEqual([ask(connection) for connection in warm], [200] * 4)
            gateway.limit_descriptors(40)  # less than it allowed for at its start
            for _ in range(100):
                held.enter_context(socket.create_connection(("127.0.0.1", gateway.port), PATIENCE))
            until(lambda: "cannot accept connections" in gateway.logged(), "it has run out")
            before = gateway.cpu_seconds()
            time.sleep(0.5)
            self.assertLess(gateway.cpu_seconds() - before, 0.2)  # it does not spin
            self.assertEqual([ask(connection) for connection in warm], [200] * 4)  # nor forget those it has
        self.assertEqual([gateway.members("1@chatroom").status for _ in range(20)], [200] * 20)
        self.assertEqual(gateway.members("2@chatroom").status, 200)
        self.assertGreater(gateway.metric("rollcall_accept_errors_total"), 0)
        self.assertEqual(instance.calls(), 2)


if __name__ == "__main__":
    unittest.main()
