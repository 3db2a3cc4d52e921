#!/usr/bin/python3
"""As a service manager runs it: what it is told and when, and the unit file."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))
from processes import GATEWAY, PATIENCE, ProcessTest


class Told(ProcessTest):
    def listener(self, name):
        manager = self.enterContext(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        manager.settimeout(PATIENCE)
        manager.bind(name)
        return manager

    def started_under(self, name, **options):
        with mock.patch.dict(os.environ, {"NOTIFY_SOCKET": name}):
            return self.start_gateway(self.start_instance(), **options)

    def test_the_manager_hears_of_the_start_of_reloads_and_of_the_end(self):
        directory = self.enterContext(tempfile.TemporaryDirectory())
        for name, address in ((f"{directory}/notify", None), ("@rollcall-notify-%d" % os.getpid(), "\0")):
            manager = self.listener(name.replace("@", address) if address else name)
            gateway = self.started_under(name)
            self.assertEqual(manager.recv(4096), b"READY=1")
            gateway.signal(signal.SIGHUP)
            self.assertRegex(manager.recv(4096), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertEqual(manager.recv(4096), b"READY=1\nSTATUS=")
            gateway.expected_errors.append(r"^\S+ error configuration refused")
            (Path(gateway.directory) / "rollcall.toml").write_text("nonsense")
            gateway.signal(signal.SIGHUP)
            self.assertRegex(manager.recv(4096), rb"^RELOADING=1\n")
            self.assertRegex(manager.recv(4096), rb"^READY=1\nSTATUS=configuration refused: .*rollcall.toml:1: ")
            gateway.signal(signal.SIGTERM)
            self.assertEqual(manager.recv(4096), b"STOPPING=1")
            self.assertEqual(gateway.wait(), 0)

    def test_one_that_does_not_listen_is_no_trouble(self):
        for name in ("/nowhere/notify", "@nobody-%d" % os.getpid(), "x", "/" + 200 * "x"):
            self.assertEqual(self.started_under(name).members("1@chatroom").status, 200)


class UnitFile(unittest.TestCase):
    def test_systemd_understands_it(self):
        analyze = shutil.which("systemd-analyze") or self.skipTest("systemd is not there")
        with tempfile.TemporaryDirectory() as directory:
            for name in ("rollcall.service", "rollcall@.service"):
                text = (ROOT / "conf/rollcall.service").read_text()
                file = Path(directory) / name
                file.write_text(text.replace("/usr/local/bin/rollcall", GATEWAY))
                said = subprocess.run([analyze, "verify", "--man=no", file], capture_output=True, text=True)
                about = [line for line in said.stderr.splitlines() if "rollcall" in line]
                self.assertEqual(about, [])

    def test_its_flags_exist(self):
        line = next(each for each in (ROOT / "conf/rollcall.service").read_text().splitlines()
                    if each.startswith("ExecStart="))
        config = line.split()[2]
        checked = subprocess.run([GATEWAY, *line.replace(config, str(ROOT / "conf/rollcall.toml")).split()[1:],
                                  "--check"], capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout), (0, "the configuration is valid\n"))


if __name__ == "__main__":
    unittest.main()
