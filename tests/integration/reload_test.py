#!/usr/bin/python3
"""SIGHUP: the configuration is read again, and nobody notices but for what has changed."""

import signal
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import ProcessTest, request_body, until

REFUSED = r"^\S+ error configuration refused, the one before stays in force: "
NEEDS_RESTART = r"^\S+ warning configuration read again: "


class Reload(ProcessTest):
    def written(self, gateway, text):
        (Path(gateway.directory) / "rollcall.toml").write_text(text)

    def told(self, gateway):
        return gateway.admin("/status").json()["configuration"]

    def reload(self, gateway, text):
        """Writes the file, sends the signal, and waits until it was heeded. What /status says then."""
        def attempts():
            told = self.told(gateway)
            return told["reloads"] + told["refusals"]

        before = attempts()
        self.written(gateway, text)
        gateway.signal(signal.SIGHUP)
        until(lambda: attempts() == before + 1, "the file is read again")
        return self.told(gateway)

    def test_what_has_changed_counts_from_then_on(self):
        instance = self.start_instance("--latency", "1s")
        gateway = self.start_gateway(instance, settings='[upstream]\ntimeout = "30s"\n')
        self.assertEqual(gateway.members("1@chatroom").cache, "rollcall; fwd=miss; fwd-status=200; stored")
        self.assertRegex(gateway.members("1@chatroom").cache, r"^rollcall; hit; ttl=(5|6)\d; detail=memory$")
        begun = []
        asking = threading.Thread(target=lambda: begun.append(gateway.members("2@chatroom")))
        asking.start()
        until(lambda: gateway.metric("rollcall_upstream_connections", state="busy") == 1, "a call is under way")
        told = self.reload(gateway, '[upstream]\ntimeout = "200ms"\n[cache]\nfresh = "5s"\njitter = 0\n'
                                    '[log]\naccess = true\n[server]\nidle_timeout = "300ms"\n')
        self.assertEqual((told["last_error"], told["needs_restart"]), (None, []))
        self.assertIn("changed server.idle_timeout, cache.fresh, cache.jitter, upstream.timeout, log.access",
                      gateway.logged())
        asking.join()
        self.assertEqual(begun[0].status, 200)  # which began with 30 s
        self.assertEqual(gateway.members("3@chatroom").status, 504)
        self.assertEqual(gateway.post({"wId": "w1"}, target="/sendText").status, 504)
        self.assertRegex(gateway.said(), r"POST /sendText 504 ")
        connection = gateway.connect()
        connection.connect()
        began = time.monotonic()
        self.assertEqual(connection.sock.recv(1), b"")
        self.assertLess(time.monotonic() - began, 10)
        connection.close()

    def test_writes_log_level_and_forwarding_change_too(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance)
        self.assertEqual(gateway.ask("POST", "/events", b"{}", port=gateway.admin_port).status, 400)
        self.reload(gateway, f'[invalidate]\npaths = ["/mine"]\n[events]\nforward = "{instance.url}/callback"\n'
                             '[log]\nlevel = "warn"\n')
        gateway.members("1@chatroom")
        gateway.post({"wId": "w1", "chatRoomId": "1@chatroom"}, target="/mine")
        self.assertEqual(gateway.metric("rollcall_writes_total"), 1)
        self.assertEqual(gateway.ask("POST", "/events", b"{}", port=gateway.admin_port).status, 200)
        self.assertEqual(gateway.metric("rollcall_events_forwarded_total"), 1)
        said = len(gateway.logged())
        for n in range(3):  # pools that were left behind
            self.reload(gateway, f'[events]\nforward = "{instance.url}/callback/{n}"\n[log]\nlevel = "warn"\n')
            self.assertEqual(gateway.ask("POST", "/events", b"{}", port=gateway.admin_port).status, 200)
        self.assertEqual(len(gateway.logged()), said)

    def test_a_mistake_is_named_and_the_one_before_stays(self):
        gateway = self.start_gateway(self.start_instance())
        gateway.expected_errors.append(REFUSED)
        loaded = self.told(gateway)["loaded"]
        file = Path(gateway.directory) / "rollcall.toml"
        for text, place in (('[cache]\nfresh = "x"\n', f"{file}:2: cache.fresh: "),
                            ("[cache\n", f"{file}:1: this is not TOML: "),
                            ('[events]\nforward = "http://h:99999/"\n', "events.forward: ")):
            told = self.reload(gateway, '[log]\naccess = true\n' + text if "events" in text else text)
            self.assertTrue(told["last_error"].startswith(place), told)
            self.assertIn(place, gateway.logged())
            self.assertEqual((told["loaded"], gateway.metric("rollcall_config_refused")), (loaded, 1))
        gateway.members("1@chatroom")
        self.assertEqual(gateway.said().count("getChatRoomMember"), 0)  # nothing of a refused file counts
        told = self.reload(gateway, "")
        self.assertEqual((told["last_error"], told["refusals"], told["reloads"]), (None, 3, 1))
        self.assertEqual(gateway.metric("rollcall_config_refused"), 0)

    def test_what_needs_a_restart_is_named(self):
        gateway = self.start_gateway(self.start_instance())
        gateway.expected_errors.append(NEEDS_RESTART)
        told = self.reload(gateway, '[cache]\nmemory = "1MiB"\nfresh = "1s"\n[redis]\nnamespace = "other"\n')
        self.assertEqual(told["needs_restart"], ["cache.memory", "redis.namespace"])
        self.assertIn("cache.memory, redis.namespace stay as at the start; changing them needs a restart",
                      gateway.logged())
        self.assertEqual(gateway.metric("rollcall_memory_capacity_bytes"), 256 << 20)
        self.assertEqual(self.reload(gateway, "")["needs_restart"], [])

    def test_no_request_is_lost(self):
        instance = self.start_instance("--latency", "3ms")
        gateway = self.start_gateway(instance)
        over = threading.Event()
        failed, asked = [], [0] * 4

        def ask(number):
            connection = gateway.connect()
            while not over.is_set():
                asked[number] += 1
                count = asked[number]
                target = "/sendText" if count % 3 == 0 else "/getChatRoomMember"
                connection.request("POST", target, request_body("w1", f"{count % 50}-{number}@chatroom"))
                answer = connection.getresponse()
                if answer.status != 200 or not answer.read():
                    failed.append(answer.status)
            connection.close()

        clients = [threading.Thread(target=ask, args=(n,)) for n in range(len(asked))]
        for client in clients:
            client.start()
        for n in range(1000):
            if n >= 20 and (failed or min(asked) > 20):
                break
            self.reload(gateway, f'[cache]\nfresh = "{100 + n}ms"\n[upstream]\ntimeout = "{10 + n}s"\n')
        over.set()
        for client in clients:
            client.join()
        self.assertEqual(failed, [])
        self.assertGreater(min(asked), 20)


if __name__ == "__main__":
    unittest.main()
