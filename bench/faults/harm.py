"""What each fault does. `scene` has the stand (stand.py), a clock, and marks when the fault begins and ends."""
import itertools
import time

import memory
import resp
import watch
import web
from crowd import Cold, Crowd, is_envelope
from fleet import Trouble, until
from stand import FRESH, UPSTREAM_TIMEOUT, await_time

HALF_SENT, SLOW_READERS = 5000, 500
LARGE = 100_000  # bytes
SOCKETS_MOST, RESIDENT_MOST = 400, 200  # MB
PROMPT = 1.0  # seconds: a refusal that waits for nothing
HOGS = 1000  # connections to each gateway: more than it may have open


def redis_killed(scene):
    scene.begin()
    scene.stand.redis.kill()
    scene.last()
    scene.stand.redis.start()
    scene.end()


def redis_frozen(scene):
    scene.begin()
    scene.stand.redis.freeze()
    scene.last()
    scene.stand.redis.thaw()
    scene.end()


def through_proxy(mode):
    def play(scene):
        scene.begin()
        scene.stand.redis.harm(mode)
        scene.last()
        scene.stand.redis.harm("pass")
        scene.end()
    return play


def redis_flushed(scene):
    scene.begin()
    for _ in range(5):
        scene.stand.redis.ask("FLUSHALL")
        scene.pause(scene.lasts / 5)
    scene.stand.redis.ask("FLUSHALL")
    scene.end()


def master_killed(scene):
    before = scene.stand.redis.master()
    scene.begin()
    before.kill()
    scene.stand.redis.await_master_other_than(before)
    scene.end()


def failover_planned(scene):
    redis = scene.stand.redis
    before = redis.master()
    scene.begin()
    redis.sentinels[0].ask("SENTINEL", "FAILOVER", "rollcall")
    redis.await_master_other_than(before)
    scene.end()


def cluster_master_killed(scene):
    redis = scene.stand.redis
    victim = redis.masters()[0]
    scene.begin()
    victim.kill()
    redis.await_three_masters()
    scene.end()


def slots_migrated(scene):
    redis = scene.stand.redis
    source, target = redis.masters()[:2]
    slots = redis.slots_in_use(source, 20)
    if not slots:
        raise Trouble("the cluster holds no keys: the gateways do not use it")
    scene.begin()
    for slot in slots:
        redis.migrate(slot, source, target, scene.lasts / len(slots) / 8)
    scene.end()
    scene.note(f"{len(slots)} slots, with what was in them", True)


def cold_rooms(scene, hangs):
    """What bots get that ask for unknown rooms from now on; to be judged when the fault is over. 504 takes as long as
    the instance may; where it is known to be of no use, a refusal is prompt. While it hangs, some wait for a turn that
    does not come, and are told so before the time of the others is over."""
    asked = scene.holds(Cold([each.port for each in scene.stand.gateways]))

    def is_right(took, status, envelope):
        waited = UPSTREAM_TIMEOUT - 0.1 <= took <= UPSTREAM_TIMEOUT + PROMPT
        prompt = UPSTREAM_TIMEOUT if hangs and status == 503 else PROMPT
        return envelope and (waited if hangs and status == 504 else took <= prompt and status in (502, 503))

    def judge():
        asked.end()
        if not asked.answers:
            raise Trouble("nobody asked for unknown rooms")
        for status in sorted({str(status) for _, status, _ in asked.answers}):
            these = [each for each in asked.answers if str(each[1]) == status]
            times = [took for took, _, _ in these]
            wrong = sum(not is_right(*each) for each in these)
            scene.note(f"unknown rooms: {len(these)} times {status} in the envelope after {min(times):.2f} to "
                       f"{max(times):.2f} s" + (f", {wrong} of them not so" if wrong else ""), wrong == 0)
        if hangs:
            scene.note(f"unknown rooms wait for the instance's {UPSTREAM_TIMEOUT:g} s while it is given a chance",
                       any(status == 504 for _, status, _ in asked.answers))
    return judge


def instance_down(scene):
    scene.begin()
    scene.stand.instance.kill()
    judge = cold_rooms(scene, hangs=False)
    scene.last()
    judge()
    scene.stand.instance.start()
    scene.end()


def instance_fails(mode):
    def play(scene):
        instance = scene.stand.instance
        scene.begin()
        instance.fail(mode)
        judge = cold_rooms(scene, hangs=mode == "hang")
        scene.last()
        judge()
        instance.fail("none")
        scene.end()
    return play


def restarted(scene):
    """The second load, of bots that open a connection for each call, hammers at the port itself."""
    stand = scene.stand
    if not stand.can("--take-over"):
        raise Trouble("this rollcall knows no --take-over")
    scene.begin()
    for count in itertools.count(1):
        number = count % len(stand.gateways)
        old = stand.gateways[number]
        stand.take_over(number)
        until(lambda old=old: not old.process.lives(), "the old gateway has ended", 0.05)
        if count >= len(stand.gateways) and time.time() - scene.began > scene.lasts - 3:
            break
    scene.end()
    scene.note(f"{count} times, each time another process took the port over", True)


def reloaded(scene):
    stand = scene.stand
    rounds = max(1, round(scene.lasts))
    scene.begin()
    for count in range(1, rounds + 1):
        stand.configure((FRESH, 1.5 * FRESH)[count % 2])
        stand.hang_up()
        until(lambda count=count: stand.told("configuration", "reloads") == [count] * 2, "both have read it", 0.05)
        await_time(scene.began + count)
    stand.configure(more="nonsense = 1\n")  # refused, the one before stays
    stand.hang_up()
    until(lambda: stand.told("configuration", "refusals") == [1, 1], "both have refused what is no configuration", 0.05)
    scene.end()
    scene.note(f"both gateways took {rounds} configurations, and refused one with a mistake",
               stand.told("configuration", "reloads") == [rounds] * 2)


def large_list(scene):
    """A request for a list of more than 100 KB, which both gateways know."""
    for number in range(8_000_000_000, 8_000_001_000):
        body = b'{"wId":"slow","wcId":"%d@chatroom"}' % number
        if len(scene.stand.instance.ask("POST", "/getChatRoomMember", body)) > LARGE:
            break
    for each in scene.stand.gateways:
        web.ask(each.port, "POST", "/getChatRoomMember", body)
    return (b"POST /getChatRoomMember HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\nContent-Length: "
            b"%d\r\n\r\n%b" % (len(body), body))


def slow_clients(scene):
    ports = [each.port for each in scene.stand.gateways]
    asked = large_list(scene)
    crowd = scene.holds(Crowd())
    before = memory.sockets()
    scene.begin()
    for number in range(SLOW_READERS):
        crowd.slow_reader(ports[number % 2], asked)
    for number in range(HALF_SENT):
        crowd.half_sent(ports[number % 2])
        if number % 50 == 0:
            time.sleep(0.01)  # a client and two servers share this machine
    scene.note(f"{len(crowd.links):,} connected, {crowd.refused} refused", crowd.refused == 0)
    scene.pause(1)
    kept = memory.sockets() - before
    scene.note(f"the kernel keeps {kept:.0f} MB more in sockets (aim < {SOCKETS_MOST} MB)", kept < SOCKETS_MOST)
    scene.last()
    scene.end()
    ended = sum(watch.metric(each, "rollcall_client_timeouts_total") for each in scene.stand.gateways)
    scene.note(f"{ended:,.0f} of them ended by the gateways' limits of 5 s",
               scene.lasts < 8 or ended >= 0.95 * len(crowd.links))
    most = max(memory.resident_most(each) for each in scene.stand.gateways)
    scene.note(f"a gateway had {most:.0f} MB resident at most (aim < {RESIDENT_MOST} MB)", most < RESIDENT_MOST)
    crowd.end()


def out_of_descriptors(scene):
    """Whoever is connected is answered; others are when there is room again."""
    ports = [each.port for each in scene.stand.gateways]
    crowd = scene.holds(Crowd())
    scene.begin()
    for number in range(2 * HOGS):
        crowd.connect(ports[number % 2])
        if number % 50 == 0:
            time.sleep(0.01)
    scene.last()
    crowd.end()
    scene.end()
    for port in ports:
        begin = time.monotonic()
        until(lambda port=port: answers(port), "a gateway takes connections again", 0.05)
        took = time.monotonic() - begin
        scene.note(f"a new connection is served {took:.2f} s later (aim 3 s)", took <= 3)


def answers(port):
    try:
        status, said = web.ask(port, "POST", "/getChatRoomMember", b'{"wId":"w","wcId":"8000000002@chatroom"}', 2)
        return status == 200 and not is_envelope(said)
    except (OSError, web.http.client.HTTPException, resp.Refused):
        return False
