#!/usr/bin/python3
"""What is cached, for whom and how long, seen from outside: answers, Cache-Status, and the calls the instance saw."""

import contextlib
import hashlib
import itertools
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from processes import DOCUMENTED, DOCUMENTED_SHA256, ProcessTest, request_body, until

FAILURE = '{"message":"失败","code":"1001","data":null}'.encode()
STORED = "rollcall; fwd=miss; fwd-status=200; stored"
HIT = r"^rollcall; hit; ttl=-?\d+; detail=memory$"


def escaped(text):
    """Every UTF-16 unit as \\uXXXX."""
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02X}" for i in range(0, len(units), 2))


class CacheTest(ProcessTest):
    def assert_hit(self, answer, body):
        self.assertEqual((answer.status, answer.body), (200, body))
        self.assertRegex(answer.cache or "", HIT)
        self.assertGreaterEqual(int(answer.headers["Age"]), 0)

    def assert_stored(self, answer, body):
        self.assertEqual((answer.status, answer.cache, answer.body), (200, STORED, body))
        self.assertIsNone(answer.headers["Age"])


class Bytes(CacheTest):
    """The instance's own bytes reach the bot, from the instance and from memory."""

    def check(self, flags, request, look):
        instance = self.start_instance(*flags)
        gateway = self.start_gateway(instance)
        own = instance.post(request)
        look(own.body)
        before = instance.calls()
        first = gateway.post(request)
        self.assert_stored(first, own.body)
        self.assertEqual(first.headers["Content-Type"], own.headers["Content-Type"])
        for _ in range(3):
            again = gateway.post(request)
            self.assert_hit(again, own.body)
            self.assertEqual(again.headers["Content-Type"], own.headers["Content-Type"])
        self.assertEqual(instance.calls() - before, 1)

    def test_the_documented_example(self):
        def look(body):
            self.assertEqual(hashlib.sha256(body).hexdigest(), DOCUMENTED_SHA256)
            self.assertIn("Gun🦑".encode(), body)
            self.assertIn(b'"displayName":null', body.replace(b" ", b""))

        self.check((), DOCUMENTED, look)

    def test_a_room_of_500_with_every_kind_of_nickname(self):
        def look(body):
            members = json.loads(body)["data"]
            names = "".join(m["nickName"] for m in members)
            self.assertEqual(len(members), 500)
            self.assertTrue(any(ord(c) > 0xFFFF for c in names))
            self.assertTrue('"' in names and "\\" in names and "\n" in names)

        self.check(("--members", "500"), {"wId": "w1", "wcId": "500@chatroom"}, look)

    def test_fields_that_the_documentation_does_not_know(self):
        def look(body):
            self.assertIn(b'"chatRoomOwner":null', body)
            self.assertIn(b'"memberCount":40', body)

        self.check(("--members", "40"), {"wId": "w1", "chatRoomId": "1@chatroom"}, look)

    def test_the_code_as_a_number_and_the_text_as_msg(self):
        for flags, expected in ((["--code-int"], b'"code":1000'), (["--msg"], b'"msg":'),
                                (["--code-int", "--msg"], b'"code":1000')):
            with self.subTest(flags):
                self.check(flags, {"wId": "w1", "wcId": "1@chatroom"}, lambda body: self.assertIn(expected, body))


class Freshness(CacheTest):
    def test_an_answer_ages_then_is_served_stale_once_more_and_fetched_anew(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance, settings='[cache]\nfresh = "2s"\njitter = 0\nearly_refresh = 0\n')
        body = gateway.members("1@chatroom").body
        aged = until(lambda: (a := gateway.members("1@chatroom")).headers["Age"] == "1" and a, "it is a second old")
        self.assert_hit(aged, body)
        # Of two seconds one is over; in its first millisecond exactly one is left.
        self.assertIn(aged.cache, [f"rollcall; hit; ttl={left}; detail=memory" for left in (0, 1)])
        self.assertEqual(instance.calls(), 1)
        answers = []

        def renewed():
            answers.append(gateway.members("1@chatroom"))
            return answers[-1].headers["Age"] == "0"

        until(renewed, "it is fetched again")
        self.assertEqual(instance.calls(), 2)
        for answer in answers:  # nobody waits for the instance
            self.assert_hit(answer, body)
        self.assertRegex(answers[-2].cache, r"^rollcall; hit; ttl=(0|-1); detail=memory$")
        self.assertEqual(answers[-2].headers["Age"], "2")

    def test_a_failure_of_the_business_is_handed_on_and_kept_for_a_while_only(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance, settings='[cache]\nfailure = "2s"\n')
        forwarded = "rollcall; fwd=miss; fwd-status=200"
        answer = gateway.members("1@chatroom", wid="logged-out-1")
        self.assertEqual((answer.status, answer.cache, answer.body), (200, forwarded, FAILURE))
        again = gateway.members("1@chatroom", wid="logged-out-1")
        self.assertEqual((again.status, again.cache, again.body), (200, "rollcall; hit; detail=failure", FAILURE))
        self.assertIn(again.headers["Age"], ("0", "1"))
        self.assertEqual(again.headers["Content-Type"], answer.headers["Content-Type"])
        self.assertEqual(instance.calls(), 1)
        last = until(lambda: (a := gateway.members("1@chatroom", wid="logged-out-1")).cache == forwarded and a,
                     "the instance is asked again")
        self.assertEqual((last.status, last.body, instance.calls()), (200, FAILURE, 2))

    def test_a_good_answer_is_not_displaced_by_a_failure(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance, settings='[cache]\nfresh = "200ms"\njitter = 0\nearly_refresh = 0\n'
                                                        'stale_while_revalidate = "0ms"\nfailure = "1h"\n')
        good = gateway.members("1@chatroom").body
        instance.post({"wId": "w1"}, target="/logout")
        self.assertEqual(instance.members("1@chatroom").body, FAILURE)
        stale = until(lambda: (a := gateway.members("1@chatroom")).cache.startswith("rollcall; fwd=stale") and a,
                      "it is no longer fresh")
        self.assertEqual((stale.status, stale.body), (200, good))
        calls = instance.calls()
        for _ in range(5):  # the failure is remembered, and still the good answer is the one that is served
            self.assert_hit(gateway.members("1@chatroom"), good)
        self.assertEqual(instance.calls(), calls)

    def test_without_memory_nothing_is_kept(self):
        instance = self.start_instance()
        gateway = self.start_gateway(instance, settings='[cache]\nmemory = "0"\n')
        for _ in range(3):
            self.assertEqual(gateway.members("1@chatroom").status, 200)
        self.assertEqual(instance.calls(), 3)


class Identity(CacheTest):
    def setUp(self):
        self.instance = self.start_instance("--members", "5")
        self.gateway = self.start_gateway(self.instance)

    def test_one_identity_however_it_is_spelt_is_one_call(self):
        wid, room = 'w "1"\\/é🦑', "4711@chatroom"
        plain = json.dumps({"wId": wid, "wcId": room})
        wid_json = json.dumps(wid)
        spellings = [
            plain,
            json.dumps({"wcId": room, "wId": wid}),
            json.dumps({"wId": wid, "wcId": room}, ensure_ascii=False),
            json.dumps({"wId": wid, "wcId": room}, separators=(",", ":")),
            json.dumps({"wId": wid, "wcId": room}, indent=8),
            f'\r\n\t {{ "wId"\t:\r\n{wid_json} ,"wcId": "{room}"\n}} \n',
            f'{{"wId":{wid_json},"wcId":"4711\\u0040chatroom"}}',
            f'{{"\\u0077Id":{wid_json},"wc\\u0049d":"{room}"}}',
            f'{{"{escaped("wcId")}":"{escaped(room)}","{escaped("wId")}":"{escaped(wid)}"}}',
            plain.replace("/", "\\/"),
        ]
        answers = [self.gateway.post(body.encode()) for body in spellings]
        self.assert_stored(answers[0], answers[0].body)
        for body, answer in zip(spellings[1:], answers[1:]):
            with self.subTest(body):
                self.assert_hit(answer, answers[0].body)
        stats = self.instance.stats()
        self.assertEqual((stats["total"], stats["rooms"]), (1, {f"-|{wid}|{room}": 1}))

    def test_different_identities_share_nothing(self):
        parts = itertools.product((None, "token", "Token", "token:", "Bearer token"), ("w1", "W1", "w1:wcId", "w"),
                                  ("1@chatroom", "1@chatRoom", "11@chatroom"), ("wcId", "chatRoomId"))
        identities = list(parts)
        bodies = {}
        for token, wid, room, field in identities:
            answer = self.gateway.members(room, wid, token, field)
            self.assert_stored(answer, answer.body)
            bodies[token, wid, room, field] = answer.body
        self.assertEqual(self.instance.calls(), len(identities))
        for (token, wid, room, field), body in bodies.items():
            self.assert_hit(self.gateway.members(room, wid, token, field), body)
            self.assertEqual(body, self.instance.members(room, wid, token, field).body)
        self.assertEqual(len(set(bodies.values())), 3 * 2)  # two accounts see the same room alike

    def test_the_boundary_between_account_and_room_cannot_be_moved(self):
        pairs = [("a", "b:1@chatroom"), ("a:b", "1@chatroom"), ("a:wcId:b", "1@chatroom"), ("a%3Ab", "1@chatroom"),
                 ('a","wcId":"b', "1@chatroom"), ("a", 'b\u0000:1@chatroom'), ("a\u0000", "b:1@chatroom")]
        for number, (wid, room) in enumerate(pairs, 1):
            self.gateway.members(room, wid)
            self.assertEqual(self.instance.calls(), number, (wid, room))

    def test_the_credential_reaches_the_instance_as_it_is(self):
        token = "eyJhbGciOi.J9 x/+=,;:"
        self.gateway.members("1@chatroom", token=token)
        self.assertEqual(self.instance.stats()["rooms"], {f"{token}|w1|1@chatroom": 1})


class Refused(CacheTest):
    def setUp(self):
        self.instance = self.start_instance()
        self.gateway = self.start_gateway(self.instance)


    def test_malformed_requests_get_the_envelope_and_no_call(self):
        broken = [
            # not one JSON document
            "", " ", "nonsense", "wId=w1&wcId=1@chatroom", '{"wId":"w1","wcId":"1@chatroom"', "{'wId':'w1','wcId':'r'}",
            '{"wId":"w1","wcId":"1@chatroom",}', '{"wId":"w1","wcId":"1@chatroom"} x',
            '{"wId":"w1","wcId":"1@chatroom"}{"wId":"w1","wcId":"1@chatroom"}', '{"wId":"w1" "wcId":"1@chatroom"}',
            '\ufeff{"wId":"w1","wcId":"1@chatroom"}', '{"wId":"w1","wcId":"a\nb@chatroom"}',
            '{"wId":"w1","wcId":"\\ud83e@chatroom"}', '{"wId":"w1","wcId":"\\x@chatroom"}',
            '{"wId":"w1","wcId":"1@chatroom","more":nul}', "[" * 5000,
            # not an object
            "null", "1", '"wId"', "[]", '[{"wId":"w1","wcId":"1@chatroom"}]',
            # a name twice, under either spelling
            '{"wId":"w1","wId":"w1","wcId":"1@chatroom"}', '{"wId":"w1","\\u0077Id":"w2","wcId":"1@chatroom"}',
            '{"wId":"w1","wcId":"1@chatroom","wcId":"2@chatroom"}',
            '{"wId":"w1","chatRoomId":"1@chatroom","chatRoomId":"1@chatroom"}',
            # something missing
            "{}", '{"wcId":"1@chatroom"}', '{"wId":"w1"}', '{"wid":"w1","wcid":"1@chatroom"}', '{"more":1}',
            # not a string, or empty
            '{"wId":1,"wcId":"1@chatroom"}', '{"wId":"w1","wcId":null}', '{"wId":"w1","wcId":["1@chatroom"]}',
            '{"wId":{},"wcId":"1@chatroom"}', '{"wId":"","wcId":"1@chatroom"}', '{"wId":"w1","wcId":""}',
            '{"wId":"w1","chatRoomId":""}', '{"wId":"w1","wcId":"1@chatroom","chatRoomId":7}',
        ]
        bodies = [body.encode() for body in broken] + [
            b'{"wId":"w1","wcId":"\xff@chatroom"}', b'{"wId":"\xc0\xaf","wcId":"1@chatroom"}',
            b'{"wId":"\xed\xa0\x80","wcId":"1@chatroom"}', b'{"w\xffId":"w1","wcId":"1@chatroom"}',
            b"\x1f\x8b\x08\x00", b"\x00" * 100]
        for body in bodies:
            with self.subTest(body[:80]):
                self.assert_envelope(self.gateway.post(body), 400)
        self.assertEqual(self.instance.calls(), 0)
        self.assertEqual(self.gateway.metric("rollcall_member_requests_total", outcome="bad_request"), len(bodies))

    def test_a_body_that_no_query_has_is_refused_before_it_is_read(self):
        self.assert_envelope(self.gateway.post(request_body("w1", "1" * 20_000 + "@chatroom")), 413)
        self.assertEqual(self.instance.calls(), 0)


class PassedThrough(CacheTest):
    def setUp(self):
        self.instance = self.start_instance("--members", "5")
        self.gateway = self.start_gateway(self.instance)

    def check(self, ask):
        """Asked three times, the instance is asked three times, and its own answer comes back."""
        own = ask(self.instance)
        before = self.instance.calls()
        for number in range(1, 4):
            answer = ask(self.gateway)
            self.assertEqual((answer.status, answer.body), (own.status, own.body))
            self.assertEqual(answer.cache, f"rollcall; fwd=bypass; fwd-status={own.status}")
            self.assertIsNone(answer.headers["Age"])
            self.assertEqual(self.instance.calls() - before, number)

    def test_what_the_answer_may_depend_on_is_passed_through_each_time(self):
        room = {"wId": "w1", "wcId": "1@chatroom"}
        self.gateway.post(room)  # there is something that must not be used
        for more in ({"more": 1}, {"": ""}, {"chatRoomId": "2@chatroom"}, {"userList": "a,b"}, {"wid": "w1"}):
            with self.subTest(more):
                self.check(lambda server, more=more: server.post({**room, **more}))
        for target in ("?", "?x=1", "/", "?wId=w2"):
            with self.subTest(target):
                self.check(lambda server, target=target: server.post(room, target="/getChatRoomMember" + target))
        for method in ("GET", "PUT", "HEAD"):
            with self.subTest(method):
                self.check(lambda server, method=method: server.ask(method, "/getChatRoomMember"))

    def test_two_credentials_are_the_instances_to_judge(self):
        before = self.instance.calls()
        for number in range(1, 3):
            with contextlib.closing(self.gateway.connect()) as connection:
                connection.putrequest("POST", "/getChatRoomMember")
                body = request_body("w1", "1@chatroom")
                for name, value in (("Authorization", "a"), ("Authorization", "b"), ("Content-Length", len(body))):
                    connection.putheader(name, value)
                connection.endheaders(body)
                response = connection.getresponse()
                self.assertTrue(response.headers["Cache-Status"].startswith("rollcall; fwd=bypass"))
                response.read()
            self.assertEqual(self.instance.calls() - before, number)

    def test_every_other_call(self):
        for path in ("/getContactFromServer", "/sendText", "/getchatroommember", "/getChatRoomMemberInfo"):
            with self.subTest(path):
                self.check(lambda server, path=path: server.post({"wId": "w1", "wcId": "1@chatroom"}, target=path))
        self.assertEqual(self.gateway.post(b"\x00\xff" * 5000, target="/echo").body, b"\x00\xff" * 5000)
        self.assertEqual(self.gateway.ask("GET", "/__status?code=418").status, 418)


if __name__ == "__main__":
    unittest.main()
