#!/usr/bin/python3
"""What the stand-in does when it is told to fail its callers."""

import contextlib
import http.client
import json
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import DOCUMENTED, ProcessTest


class Faults(ProcessTest):
    def setUp(self):
        self.instance = self.start_instance("--members", "12")
        self.right = self.instance.post(DOCUMENTED).body

    def set(self, mode, **more):
        answer = self.instance.post({"mode": mode, **more}, target="/__fault")
        self.assertEqual((answer.status, answer.json()["code"]), (200, "1000"))

    def tearDown(self):
        self.set("none")
        self.assertEqual(self.instance.post(DOCUMENTED).body, self.right)

    def test_hang(self):
        self.set("hang")
        with contextlib.closing(self.instance.connect()) as connection:
            connection.timeout = 0.5
            connection.request("POST", "/getChatRoomMember", json.dumps(DOCUMENTED))
            with self.assertRaises(TimeoutError):
                connection.getresponse()
        self.assertEqual(self.instance.stats()["rooms"][f"-|{DOCUMENTED['wId']}|{DOCUMENTED['wcId']}"], 2)

    def test_who_hangs_is_let_go_when_its_client_leaves(self):
        self.set("hang")
        with contextlib.closing(self.instance.connect()) as connection:
            connection.request("POST", "/getChatRoomMember", json.dumps(DOCUMENTED))
            before = self.instance.stats()["connections"]["open"]
        deadline = time.monotonic() + 10
        while self.instance.stats()["connections"]["open"] >= before:
            self.assertLess(time.monotonic(), deadline)

    def test_error(self):
        self.set("error")
        answer = self.instance.post(DOCUMENTED)
        self.assertEqual((answer.status, answer.body[:15]), (500, b"<!doctype html>"))

    def test_garbage(self):
        self.set("garbage")
        answer = self.instance.post(DOCUMENTED)
        self.assertEqual(answer.status, 200)
        self.assertRaises(ValueError, answer.json)

    def test_noise(self):
        self.set("noise")
        self.assertRaises(http.client.BadStatusLine, self.instance.post, DOCUMENTED)

    def test_close(self):
        self.set("close")
        with self.assertRaises(http.client.RemoteDisconnected):
            self.instance.post(DOCUMENTED)

    def test_cut(self):
        self.set("cut")
        with self.assertRaises(http.client.IncompleteRead) as caught:
            self.instance.post(DOCUMENTED)
        self.assertEqual(caught.exception.partial, self.right[:len(self.right) // 2])

    def test_slow(self):
        self.set("slow", delay="300ms")
        begin = time.monotonic()
        self.assertEqual(self.instance.post(DOCUMENTED).body, self.right)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)

    def test_controls_are_spared(self):
        self.set("close")
        self.assertEqual(self.instance.ask("GET", "/__stats").status, 200)

    def test_mistakes_are_explained(self):
        for body in ({}, {"mode": "explode"}, {"mode": "slow"}, {"mode": "hang", "delay": "1s"},
                     {"mode": "slow", "delay": "soon"}, b"[]", b""):
            answer = self.instance.post(body, target="/__fault")
            self.assertEqual(answer.status, 400)
            self.assertIn(b'"mode": "none|hang', answer.body)


if __name__ == "__main__":
    unittest.main()
