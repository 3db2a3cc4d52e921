#!/usr/bin/python3
"""Checks rollcall-upstream, the stand-in for the platform's instance, from outside: real sockets, Python's client.

ROLLCALL_UPSTREAM_BIN is the path of the binary.
"""

import concurrent.futures
import hashlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import time
import unittest

BINARY = os.environ["ROLLCALL_UPSTREAM_BIN"]
DOCUMENTED = {"wId": "0000016e-6343-089e-0001-e2ef939176f6", "wcId": "23321854893@chatroom"}
DOCUMENTED_BYTES = 2273
DOCUMENTED_SHA256 = "3a2e0c1c35507c28a00445bec258434e68a2ddbce9b7e0901dcfc5f71303918e"
FAILURE = '{"message":"失败","code":"1001","data":null}'.encode()
SUCCESS = '{"message":"成功","code":"1000","data":null}'.encode()
ROOM = "123@chatroom"


class Instance:
    """A running stand-in on a free port."""

    def __init__(self, *flags):
        self.process = subprocess.Popen([BINARY, "--listen", "127.0.0.1:0", *flags], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.first_line = self.process.stdout.readline().decode()
        match = re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)\n", self.first_line)
        if not match:
            self.process.kill()
            raise AssertionError(f"unexpected first line {self.first_line!r}")
        self.port = int(match[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self, number=signal.SIGTERM):
        if self.process.returncode is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err.decode()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method, target, body=None, headers=None):
        connection = self.connect()
        try:
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def post(self, path, fields, headers=None):
        status, _, body = self.ask("POST", path, json.dumps(fields), headers)
        assert status == 200, (path, status)
        return body

    def people(self, fields=None):
        answer = json.loads(self.post("/getChatRoomMember", fields or {"wId": "w1", "wcId": ROOM}))
        assert answer["code"] == "1000", answer
        return answer["data"]

    def names(self, fields=None):
        return [member["userName"] for member in self.people(fields)]

    def stats(self):
        return json.loads(self.ask("GET", "/__stats")[2])

    def raw(self, data, half_close=True):
        """Everything the server says to these bytes until it closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain:
            try:
                plain.sendall(data)
                if half_close:
                    plain.shutdown(socket.SHUT_WR)
                said = b""
                while piece := plain.recv(65536):
                    said += piece
                return said
            except ConnectionError:
                return said if "said" in locals() else b""


class Documented(unittest.TestCase):
    def test_the_documented_request_gets_the_documented_answer_byte_for_byte(self):
        with Instance() as instance:
            status, headers, body = instance.ask("POST", "/getChatRoomMember", json.dumps(DOCUMENTED))
            self.assertEqual((status, headers["Content-Type"]), (200, "application/json;charset=UTF-8"))
            self.assertEqual((len(body), hashlib.sha256(body).hexdigest()), (DOCUMENTED_BYTES, DOCUMENTED_SHA256))

    def test_a_change_shows_in_the_documented_room_too(self):
        with Instance() as instance:
            gone = {"wId": "w1", "chatRoomWcId": DOCUMENTED["wcId"], "wcId": "wxid_cf2r2mdypejh32"}
            before = instance.people(DOCUMENTED)
            self.assertEqual(instance.post("/deleteChatRoomMember", gone), SUCCESS)
            self.assertEqual(instance.people(DOCUMENTED), [m for m in before if m["userName"] != gone["wcId"]])

    def test_the_tables_spelling_on_demand(self):
        with Instance("--code-int", "--msg") as instance:
            answer = json.loads(instance.post("/getChatRoomMember", DOCUMENTED))
            self.assertEqual((answer["code"], answer["msg"], len(answer["data"])), (1000, "成功", 4))
            failed = json.loads(instance.post("/getChatRoomMember", {}))
            self.assertEqual(failed, {"msg": "失败", "code": 1001, "data": None})


class Rooms(unittest.TestCase):
    def test_the_same_seed_invents_the_same_people_and_another_one_does_not(self):
        def answers(*flags):
            with Instance(*flags) as instance:
                return [instance.post("/getChatRoomMember", {"wId": "w", "wcId": f"{i}@chatroom"}) for i in range(20)]

        first = answers("--seed", "7")
        self.assertEqual(first, answers("--seed", "7", "--threads", "2"))
        self.assertTrue(all(a != b for a, b in zip(first, answers("--seed", "8"))))
        self.assertEqual(len(set(first)), 20)

    def test_members_have_the_size_and_shape_of_real_ones(self):
        with Instance("--members", "500") as instance:
            people = instance.people()
            self.assertEqual(len({m["userName"] for m in people}), 500)
            for member in people:
                size = len(json.dumps(member, ensure_ascii=False, separators=(",", ":")).encode())
                self.assertTrue(460 <= size <= 550, (size, member))
                self.assertEqual(list(member), ["userName", "nickName", "displayName", "bigHeadImgUrl",
                                                "smallHeadImgUrl", "inviteUser"])
            self.assertEqual([m["inviteUser"] for m in people].count(None), 1)
            self.assertGreater([m["displayName"] for m in people].count(None), 350)
            self.assertLess([m["displayName"] for m in people].count(None), 500)

    def test_the_later_generation_shows_the_same_people_in_its_own_shape(self):
        with Instance("--members", "50") as instance:
            later = instance.people({"wId": "w1", "chatRoomId": ROOM})
            self.assertEqual([m["userName"] for m in later], instance.names())
            for member in later:
                self.assertEqual((member["chatRoomId"], member["memberCount"]), (ROOM, 50))
                self.assertIsInstance(member["displayName"], str)
                for name in ("chatRoomOwner", "v1", "chatRoomMembers"):
                    self.assertIsNone(member[name])

    def test_mixed_sizes_spread_around_forty(self):
        with Instance() as instance:
            sizes = sorted(len(instance.people({"wId": "w", "wcId": f"{i}@chatroom"})) for i in range(300))
            self.assertTrue(25 <= sizes[150] <= 60, sizes[150])
            self.assertTrue(sizes[0] >= 3 and sizes[-1] <= 500)
            self.assertGreater(sizes[-1], 200)

    def test_what_is_missing_or_no_room_fails_with_the_documented_envelope(self):
        bad = ["", "nonsense", "[]", "{", '{"wId":"w"}', f'{{"wcId":"{ROOM}"}}', '{"wId":"","wcId":"1@chatroom"}',
               '{"wId":1,"wcId":"1@chatroom"}', '{"wId":"w","wcId":"wxid_1"}', '{"wId":"w","wcId":"@chatroom"}',
               '{"wId":"w","chatRoomId":["1@chatroom"]}', json.dumps({"wId": "w" * 300, "wcId": ROOM}),
               json.dumps({"wId": "logged-out-1", "wcId": ROOM}), "[" * 5000, '{"wId":"w","wcId":"\udc00@chatroom"}']
        with Instance() as instance:
            for body in bad:
                with self.subTest(body=body[:40]):
                    status, _, said = instance.ask("POST", "/getChatRoomMember", body.encode("utf8", "surrogatepass"))
                    self.assertEqual((status, said), (200, FAILURE))
            self.assertTrue(instance.people({"wId": "w", "wcId": "1@chatRoom"}))


class Changes(unittest.TestCase):
    def setUp(self):
        self.instance = Instance("--members", "6")
        self.addCleanup(self.instance.stop)
        self.before = self.instance.names()

    def done(self, path, **fields):
        self.assertEqual(self.instance.post(path, {"wId": "w1", **fields}), SUCCESS, (path, fields))

    def refused(self, path, **fields):
        self.assertEqual(self.instance.post(path, {"wId": "w1", **fields}), FAILURE, (path, fields))

    def test_people_come_and_go_under_every_generations_names(self):
        self.done("/addChatRoomMember", chatroom=ROOM, wcId="wxid_a")
        self.done("/inviteChatRoomMember", chatRoomId=ROOM, userList="wxid_b,wxid_c")
        self.assertEqual(self.instance.names(), self.before + ["wxid_a", "wxid_b", "wxid_c"])
        self.done("/deleteChatRoomMember", chatRoomWcId=ROOM, wcId=self.before[0])
        self.done("/deleteChatRoomMember", chatRoomId=ROOM, userList="wxid_a,wxid_c")
        self.assertEqual(self.instance.names(), self.before[1:] + ["wxid_b"])
        self.assertEqual(self.instance.names({"wId": "w2", "chatRoomId": ROOM}), self.before[1:] + ["wxid_b"])
        self.refused("/deleteChatRoomMember", chatRoomId=ROOM, userList="wxid_a")
        self.refused("/deleteChatRoomMember", chatRoomId=ROOM, userList=self.before[-1])

    def test_quitting_and_confirming(self):
        self.done("/delGroupContact", chatroom=ROOM)
        self.assertEqual(len(self.instance.names()), 5)
        self.refused("/quitChatRoom", chatRoomId=ROOM)
        self.done("/agreeAddChatRoomMember", chatRoomId=ROOM, newMsgId=99)
        self.done("/addChatRoomMemberVerify", chatRoomId=ROOM, userList="wxid_x")
        self.assertEqual(len(self.instance.names()), 7)

    def test_own_name_owner_and_topic(self):
        self.done("/updateIInChatRoomNickName", chatRoomId=ROOM, nickName='新"名\\字')
        self.assertIn('新"名\\字', [m["displayName"] for m in self.instance.people()])
        self.done("/operateChatRoom", chatRoomId=ROOM, wcId=self.before[0], type="3")
        owners = [m["userName"] for m in self.instance.people() if m["inviteUser"] is None]
        self.assertEqual(owners, [self.before[0]])
        self.done("/operateChatRoom", chatRoomId=ROOM, wcId=self.before[1], type=1)
        self.refused("/operateChatRoom", chatRoomId=ROOM, wcId="wxid_stranger", type=3)
        for path, fields in (("/modifyGroupRemark", {"chatroom": ROOM, "topic": "甲"}),
                             ("/modifyGroupName", {"chatRoomId": ROOM, "content": "乙"})):
            self.done(path, **fields)
            info = json.loads(self.instance.post("/getChatRoomInfo", {"wId": "w1", "chatRoomId": ROOM}))["data"][0]
            self.assertEqual(info["nickName"], fields.get("topic") or fields["content"])
            self.assertEqual((info["memberCount"], info["chatRoomOwner"]), (6, self.before[0]))

    def test_rooms_joined_by_link_and_rooms_created(self):
        for path in ("/scanJoinRoom", "/acceptUrl"):
            link = {"wId": path, "url": f"https://example.com/?g={ROOM}&x=1"}
            self.assertEqual(json.loads(self.instance.post(path, link))["data"], {"chatRoomId": ROOM})
        self.assertEqual(len(self.instance.names()), 8)
        made = json.loads(self.instance.post("/createChatroom", {"wId": "w1", "userList": "wxid_a,wxid_b"}))["data"]
        people = self.instance.people({"wId": "w1", "wcId": made["chatRoomId"]})
        self.assertEqual([m["userName"] for m in people][1:], ["wxid_a", "wxid_b"])
        self.assertIsNone(people[0]["inviteUser"])

    def test_single_members_and_room_info_agree_with_the_list(self):
        whole = self.instance.people()
        one = self.instance.post("/getContactFromServer", {"wId": "w", "wcId": self.before[2], "chatroom": ROOM})
        self.assertEqual(json.loads(one)["data"], [whole[2]])
        two = {"wId": "w", "chatRoomId": ROOM, "userList": ",".join(self.before[:2])}
        found = json.loads(self.instance.post("/getChatRoomMemberInfo", two))["data"]
        self.assertEqual(found, self.instance.people({"wId": "w", "chatRoomId": ROOM})[:2])
        room = json.loads(self.instance.post("/getContactFromServer", {"wId": "w", "wcId": ROOM}))["data"][0]
        self.assertEqual((room["memberCount"], room["chatRoomOwner"]), (6, self.before[-1]))

    def test_who_logged_out_fails_and_others_do_not(self):
        self.done("/logout")
        self.refused("/getChatRoomMember", wcId=ROOM)
        self.refused("/sendText", content="x")
        self.assertEqual(self.instance.names({"wId": "w2", "wcId": ROOM}), self.before)

    def test_a_full_room_takes_nobody(self):
        self.refused("/addChatRoomMember", chatRoomId=ROOM, userList=",".join(f"u{i}" for i in range(495)))
        self.done("/addChatRoomMember", chatRoomId=ROOM, userList=",".join(f"u{i}" for i in range(494)))
        self.refused("/addChatRoomMember", chatRoomId=ROOM, userList="one_more")

    def test_anything_else_succeeds_whatever_the_method(self):
        for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "BREW"):
            self.assertEqual(self.instance.ask(method, "/sendText?x=1")[2], SUCCESS)
        self.assertIn("Authorization", json.loads(self.instance.post("/member/login", {"account": "a"}))["data"])


class Trouble(unittest.TestCase):
    def test_latency_holds_back_each_answer_and_blocks_no_other(self):
        with Instance("--latency", "800ms", "--jitter", "100ms") as instance:
            begin = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(20) as pool:
                list(pool.map(lambda _: instance.people(), range(20)))
            spent = time.monotonic() - begin
            self.assertTrue(0.7 <= spent < 6, spent)
            begin = time.monotonic()
            instance.stats()
            self.assertLess(time.monotonic() - begin, 0.7)

    def test_failures_and_errors_come_at_their_rate_and_repeat_with_the_seed(self):
        def outcomes():
            with Instance("--fail", "0.3", "--error", "0.2", "--seed", "5") as instance:
                seen = []
                for _ in range(300):
                    status, headers, body = instance.ask("POST", "/getChatRoomMember", json.dumps(DOCUMENTED))
                    self.assertEqual(status == 500, headers["Content-Type"].startswith("text/html"))
                    seen.append("error" if status == 500 else "failure" if body == FAILURE else "success")
                return seen

        seen = outcomes()
        self.assertEqual(seen, outcomes())
        self.assertTrue(30 <= seen.count("error") <= 90, seen.count("error"))
        self.assertTrue(40 <= seen.count("failure") <= 110, seen.count("failure"))


class Http(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.instance = Instance("--threads", "2")
        cls.addClassCleanup(cls.instance.stop)

    def test_a_connection_serves_many_requests_and_head_has_no_body(self):
        connection = self.instance.connect()
        for method in ("HEAD", "GET", "HEAD", "POST"):
            connection.request(method, "/anything")
            response = connection.getresponse()
            self.assertEqual(response.headers["Content-Length"], str(len(SUCCESS)))
            self.assertEqual(response.read(), b"" if method == "HEAD" else SUCCESS)
        connection.close()

    def test_pipelined_requests_are_answered_in_order(self):
        said = self.instance.raw(b"".join(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n%d" % i
                                          for i in range(10)))
        self.assertEqual(re.findall(rb"\r\n\r\n(\d)", said), [b"%d" % i for i in range(10)])

    def test_echo_returns_every_byte_also_of_chunked_bodies(self):
        body = bytes(range(256)) * 700
        pieces = [body[i:i + 9999] for i in range(0, len(body), 9999)]
        for sent in (body, iter(pieces)):
            chunked = sent is not body
            connection = self.instance.connect()
            connection.request("POST", "/echo", sent, {"Content-Type": "image/x-test"}, encode_chunked=chunked)
            response = connection.getresponse()
            self.assertEqual((response.headers["Content-Type"], response.read()), ("image/x-test", body))
            connection.close()

    def test_large_bodies_up_to_the_limit(self):
        body = os.urandom(1 << 20) * 64
        _, _, said = self.instance.ask("POST", "/echo-length", body)
        self.assertEqual(json.loads(said)["data"], {"bytes": 64 << 20, "sha256": hashlib.sha256(body).hexdigest()})
        head = b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % ((64 << 20) + 1)
        self.assertTrue(self.instance.raw(head).startswith(b"HTTP/1.1 413 "))

    def test_permission_to_continue_is_given_before_the_body_is_sent(self):
        with socket.create_connection(("127.0.0.1", self.instance.port), timeout=30) as plain:
            plain.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            self.assertEqual(plain.recv(1000), b"HTTP/1.1 100 Continue\r\n\r\n")
            plain.sendall(b"hello")
            self.assertTrue(plain.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n"))

    def test_malformed_requests_get_400_and_are_cut_off(self):
        for bad in (b"nonsense\r\n\r\n", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9,
                    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"):
            said = self.instance.raw(bad + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", half_close=False)
            self.assertTrue(said.startswith(b"HTTP/1.1 400 "), (bad, said))
            self.assertEqual(said.count(b"HTTP/1.1 "), 1, bad)
        said = self.instance.raw(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40000 + b"\r\n\r\n")
        self.assertTrue(said.startswith(b"HTTP/1.1 431 "), said[:100])

    def test_random_bytes_do_no_harm(self):
        dice = random.Random(1)
        good = (b'POST /getChatRoomMember?a=%FF HTTP/1.1\r\nHost: a\r\nAuthorization: \xff\r\nContent-Length: 33\r\n\r\n'
                b'{"wId":"w1","wcId":"1@chatroom"}\n')
        for _ in range(400):
            bad = bytearray(good)
            for _ in range(dice.randint(1, 6)):
                at = dice.randrange(len(bad))
                bad[at:at + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
            self.instance.raw(bytes(bad))
        self.assertTrue(self.instance.people())
        self.instance.stats()

    def test_headers_are_shown_as_they_came(self):
        said = json.loads(self.instance.raw(b"PUT /__headers?q=1 HTTP/1.1\r\nHost: a:1\r\nX-Two: 1\r\nx-two: \xe9\r\n"
                                            b"Connection: close\r\n\r\n").split(b"\r\n\r\n")[1])
        self.assertEqual(said, {"method": "PUT", "target": "/__headers?q=1", "version": "1.1", "headers": [
            ["Host", "a:1"], ["X-Two", "1"], ["x-two", "é"], ["Connection", "close"]]})

    def test_statuses_on_demand(self):
        for code in (200, 201, 204, 304, 404, 418, 500, 503, 599):
            status, headers, body = self.instance.ask("GET", f"/__status?code={code}")
            self.assertEqual(status, code)
            self.assertEqual(body, b"" if code in (204, 304) else f"status {code}\n".encode())
        for code in ("", "100", "600", "99999999999999999999", "x"):
            self.assertEqual(self.instance.ask("GET", f"/__status?code={code}")[0], 400)

    def test_slow_streams_arrive_piece_by_piece_and_whole(self):
        connection = self.instance.connect()
        for method in ("HEAD", "GET", "GET"):
            connection.request(method, "/__slow?bytes=1000&chunk=100&delay=20ms")
            response = connection.getresponse()
            self.assertEqual(response.headers["Transfer-Encoding"], "chunked")
            begin = time.monotonic()
            body = response.read()
            if method == "GET":
                self.assertEqual(body, (b"0123456789abcdef" * 63)[:1000])
                self.assertGreater(time.monotonic() - begin, 0.15)
        connection.close()
        old = self.instance.raw(b"GET /__slow?bytes=20&chunk=7 HTTP/1.0\r\n\r\n")
        self.assertTrue(old.endswith(b"\r\n\r\n0123456789abcdef0123"), old)
        for query in ("chunk=0", "chunk=9999999", "bytes=-1", "delay=5", "delay=2000000s"):
            self.assertEqual(self.instance.ask("GET", f"/__slow?{query}")[0], 400)


class Counting(unittest.TestCase):
    def test_calls_are_counted_by_endpoint_and_by_who_asked_for_which_room(self):
        with Instance() as instance:
            for token in ("t1", "t1", None):
                instance.post("/getChatRoomMember", {"wId": "w", "wcId": ROOM}, {"Authorization": token} if token else {})
            instance.ask("GET", "/other?x=1")
            instance.ask("GET", "/__headers")
            stats = instance.stats()
            self.assertEqual(stats["total"], 4)
            self.assertEqual(stats["endpoints"], {"/getChatRoomMember": 3, "/other": 1})
            self.assertEqual(stats["rooms"], {f"t1|w|{ROOM}": 2, f"-|w|{ROOM}": 1})
            self.assertEqual(stats["connections"]["accepted"], 6)
            instance.ask("POST", "/__reset")
            stats = instance.stats()
            self.assertEqual((stats["total"], stats["endpoints"], stats["rooms"]), (0, {}, {}))

    def test_the_number_of_keys_is_bounded(self):
        with Instance() as instance:
            connection = instance.connect()
            for i in range(1100):
                connection.request("GET", f"/e{i}")
                connection.getresponse().read()
            connection.close()
            stats = instance.stats()
            self.assertEqual((stats["total"], len(stats["endpoints"]), stats["overflow"]), (1100, 1000, 100))


class Running(unittest.TestCase):
    def test_both_signals_end_it_well_with_connections_open_and_one_line_said(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            instance = Instance("--latency", "10s", "--threads", "2")
            waiting = [instance.connect() for _ in range(4)]
            for connection in waiting:
                connection.request("GET", "/slow")
            code, rest, said = instance.stop(number)
            for connection in waiting:
                connection.close()
            self.assertEqual((code, rest), (0, b""))
            self.assertRegex(said, r"^rollcall-upstream: \d+ calls on \d+ connections\n$")

    def test_quiet_says_nothing_at_the_end(self):
        self.assertEqual(Instance("--quiet").stop(), (0, b"", ""))

    def test_mistakes_are_explained(self):
        for flags in (["--members", "501"], ["--latency", "5"], ["--fail", "2"], ["--listen", "nowhere"], ["--what"]):
            run = subprocess.run([BINARY, *flags], capture_output=True, text=True, timeout=30)
            self.assertNotEqual(run.returncode, 0, flags)
            self.assertIn(flags[0], run.stderr + run.stdout)

    def test_a_taken_port_is_one_line(self):
        with Instance() as instance:
            run = subprocess.run([BINARY, "--listen", f"127.0.0.1:{instance.port}"], capture_output=True, text=True,
                                 timeout=30)
            self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (1, "", 1))

    def test_help_teaches(self):
        run = subprocess.run([BINARY, "--help"], capture_output=True, text=True, timeout=30)
        self.assertEqual(run.returncode, 0)
        for word in ("getChatRoomMember", "--latency", "/__stats", "/__slow"):
            self.assertIn(word, run.stdout)


if __name__ == "__main__":
    unittest.main()
