#!/usr/bin/python3
"""Flags and configuration files: what is accepted, and how what is wrong is explained."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from processes import GATEWAY, PATIENCE, ProcessTest


def run(*flags):
    return subprocess.run([GATEWAY, *flags], capture_output=True, text=True, timeout=PATIENCE)


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="rollcall-")
        self.addCleanup(shutil.rmtree, self.directory)

    def file(self, text):
        path = Path(self.directory) / "rollcall.toml"
        path.write_text(text)
        return str(path)

    def test_version_and_help(self):
        version = re.search(r"project\(rollcall VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
        shown = run("--version")
        self.assertEqual((shown.returncode, shown.stdout, shown.stderr), (0, f"rollcall {version}\n", ""))
        told = run("--help")
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        for word in ("--config", "--listen", "--admin", "--upstream", "--redis", "--check", "getChatRoomMember"):
            self.assertIn(word, told.stdout)

    def test_the_documented_configuration_is_valid(self):
        checked = run("--config", str(ROOT / "conf/rollcall.toml"), "--check")
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        self.assertIn("valid", checked.stdout)

    def test_a_mistake_in_a_file_is_one_line_with_the_file_the_line_and_the_key(self):
        mistakes = [
            ('[cache]\nfresh = 60\n', 2, "cache.fresh"),
            ('[cache]\n\nfresh = "soon"\n', 3, "cache.fresh"),
            ('[cache]\nfrsh = "60s"\n', 2, "cache.frsh"),
            ('[cache]\njitter = 2\n', 2, "cache.jitter"),
            ('[cache]\nearly_refresh = 11\n', 2, "cache.early_refresh"),
            ('[invalidate]\npaths = ["/quitChatRoom", "/quitChatRoom"]\n', 2, "invalidate.paths"),
            ('[invalidate]\npaths = ["quitChatRoom"]\n', 2, "invalidate.paths"),
            ('[events]\nforward = "https://127.0.0.1"\n', 2, "events.forward"),
            ('[cashe]\nfresh = "60s"\n', 1, "cashe"),
            ('[server]\nlisten = "nowhere"\n', 2, "server.listen"),
            ('[server]\nthreads = -1\n', 2, "server.threads"),
            ('[admin]\nlisten = "127.0.0.1:99999"\n', 2, "admin.listen"),
            ('[redis]\nurl = "http://127.0.0.1"\n', 2, "redis.url"),
            ('[redis]\nnamespace = "a b"\n', 2, "redis.namespace"),
            ('[upstream]\ntimeout = "0ms"\n', 2, "upstream.timeout"),
            ('[[upstream.instance]]\nurl = "ftp://127.0.0.1"\n', 2, "upstream.instance.url"),
            ('[log]\nlevel = "loud"\n', 2, "log.level"),
            ('[cache]\nfresh = \n', 2, ""),
            ('[cache]\nfresh = "60s"\nfresh = "61s"\n', 3, ""),
        ]
        for text, line, key in mistakes:
            path = self.file(text)
            for check in ([], ["--check"]):
                with self.subTest(text, check=check):
                    refused = run("--config", path, *check)
                    self.assertNotEqual(refused.returncode, 0)
                    self.assertEqual(refused.stdout, "")
                    first = refused.stderr.splitlines()[0]
                    self.assertTrue(first.startswith(f"rollcall: {path}:{line}: {key}"), refused.stderr)
                    self.assertNotIn("terminate", refused.stderr)

    def test_what_the_rooms_refuse_names_the_key(self):
        one = '[[upstream.instance]]\nurl = "http://127.0.0.1:1"\nwids = ["a", "b*"]\n'
        other = one.replace(":1", ":2")
        self.assertEqual(run("--config", self.file(one), "--check").returncode, 0)
        self.assertEqual(run("--upstream", "http://a", "--upstream", "http://b", "--check").returncode, 0)
        for text, words in ((one + other, ('"a"', "http://127.0.0.1:1", "http://127.0.0.1:2")),
                            (one.replace("b*", "b*c"), ('"b*c"', "http://127.0.0.1:1")),
                            (one.replace("127.0.0.1:1", "a:80") + '[[upstream.instance]]\nurl = "http://a"\n',
                             ("http://a", "twice"))):
            refused = run("--config", self.file(text), "--check")
            self.assertNotEqual(refused.returncode, 0)
            for word in ("upstream.instance", *words):
                self.assertIn(word, refused.stderr)

    def test_a_password_in_an_instances_url_is_never_shown(self):
        for url in ("http://bot:hunter2@a", "http://a:1/?token=hunter2", "http://bot:hunter2@a:99999", "http://[bot:hunter2@a"):
            text = f'[[upstream.instance]]\nurl = "{url}"\n'
            for refused in (run("--config", self.file(text), "--check"), run("--upstream", url, "--check")):
                self.assertNotEqual(refused.returncode, 0)
                self.assertIn("upstream.instance.url", refused.stderr)
                self.assertNotIn("hunter2", refused.stderr)

    def test_mistakes_on_the_command_line_are_explained(self):
        for flags in (["--lisen", "127.0.0.1:0"], ["--listen", "nowhere"], ["--threads", "many"], ["--upstream", "x"],
                      ["--redis", "x"], ["--config", f"{self.directory}/missing.toml"], ["--log-level", "loud"]):
            with self.subTest(flags):
                refused = run(*flags)
                self.assertNotEqual(refused.returncode, 0)
                self.assertEqual(refused.stdout, "")
                self.assertIn(flags[1] if flags[0] == "--config" else flags[0], refused.stderr.splitlines()[0])

    def test_a_port_in_use_is_one_line_with_the_address(self):
        free = {"--listen": "127.0.0.1:0", "--admin": "127.0.0.1:0"}
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            for flag, key in (("--listen", "server"), ("--admin", "admin")):
                taken = {**free, flag: f"127.0.0.1:{port}"}
                refused = run(*(word for pair in taken.items() for word in pair))
                self.assertNotEqual(refused.returncode, 0)
                self.assertEqual(refused.stdout, "")
                self.assertRegex(refused.stderr, rf"^rollcall: {key}\.listen: cannot listen on 127\.0\.0\.1:{port}: .*in use\n$")

    def test_one_port_for_bots_and_for_the_admin_is_refused(self):
        for listen, admin in (("127.0.0.1:81", "127.0.0.1:81"), ("0.0.0.0:81", "127.0.0.1:81"), ("[::1]:81", "[::]:81")):
            refused = run("--listen", listen, "--admin", admin, "--check")
            self.assertEqual((refused.returncode, refused.stdout), (1, ""))
            self.assertTrue(refused.stderr.startswith(f"rollcall: admin.listen: {admin} is the port of server.listen"))
        for listen, admin in (("127.0.0.1:81", "127.0.0.2:81"), ("0.0.0.0:81", "[::1]:81"), ("127.0.0.1:0", "127.0.0.1:0")):
            self.assertEqual(run("--listen", listen, "--admin", admin, "--check").returncode, 0)


class Start(ProcessTest):
    def test_a_port_of_another_gateway_is_in_use_too(self):
        gateway = self.start_gateway("http://127.0.0.1:1")
        for listen, admin in ((gateway.port, 0), (0, gateway.admin_port), (gateway.port, gateway.admin_port)):
            refused = run("--listen", f"127.0.0.1:{listen}", "--admin", f"127.0.0.1:{admin}")
            self.assertNotEqual(refused.returncode, 0)
            self.assertRegex(refused.stderr, r"^rollcall: (server|admin)\.listen: cannot listen on 127\.0\.0\.1:[1-9]\d+: .*in use\n$")

    def test_two_gateways_in_front_of_one_instance(self):
        instance = self.start_instance()
        gateways = [self.start_gateway(instance) for _ in range(2)]
        bodies = {gateway.members("1@chatroom").body for gateway in gateways for _ in range(3)}
        self.assertEqual(len(bodies), 1)
        self.assertEqual(instance.calls(), 2)  # without a Redis each asks for itself

    def test_every_thread_count(self):
        instance = self.start_instance()
        for threads in ("1", "3", "0"):
            gateway = self.start_gateway(instance, "--threads", threads)
            self.assertEqual(gateway.members("1@chatroom").status, 200)
            expected = int(threads) or len(os.sched_getaffinity(0))
            self.assertEqual(gateway.admin("/status").json()["threads"], expected)


if __name__ == "__main__":
    unittest.main()
