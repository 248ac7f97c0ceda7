"""CTAPHID: channels, fragments, and what is wrong with them."""

import os
import struct
import threading
import time

from fido2.ctap import CtapError

from cases import Case

INIT, PING, CBOR, CANCEL, ERROR, KEEPALIVE, MSG, WINK = 6, 1, 0x10, 0x11, 0x3f, 0x3b, 3, 8
BROADCAST = 0xffffffff


class Frames(Case):
    def setUp(self):
        super().setUp()
        self.line = self.connect()

    def send(self, channel, command, data=b"", size=None):
        size = len(data) if size is None else size
        first = struct.pack(">IBH", channel, command | 0x80, size) + data[:57]
        self.line.write_packet(first.ljust(64, b"\0"))

    def send_next(self, channel, sequence, data=b""):
        self.line.write_packet((struct.pack(">IB", channel, sequence) + data).ljust(64, b"\0"))

    def receive(self):
        report = self.line.read_packet()
        self.assertEqual(len(report), 64)
        channel, command, size = struct.unpack_from(">IBH", report)
        return channel, command & 0x7f, report[7:7 + size]

    def channel(self):
        self.send(BROADCAST, INIT, b"12345678")
        _channel, _command, data = self.receive()
        return struct.unpack_from(">I", data, 8)[0]

    def assert_error(self, channel, code):
        self.assertEqual(self.receive(), (channel, ERROR, bytes([code])))

    def test_init_gives_channels(self):
        self.send(BROADCAST, INIT, b"abcdefgh")
        channel, command, data = self.receive()
        self.assertEqual((channel, command, len(data)), (BROADCAST, INIT, 17))
        self.assertEqual(data[:8], b"abcdefgh")
        self.assertEqual(data[12:], bytes([2, 5, 4, 3, 0x05]))
        self.assertNotEqual(self.channel(), struct.unpack_from(">I", data, 8)[0])

    def test_ping_of_every_size(self):
        device = self.device()
        for size in (1, 57, 58, 116, 117, 1024, 7609):
            data = os.urandom(size)
            self.assertEqual(device.ping(data), data)

    def test_wink(self):
        self.device().wink()
        self.assertEqual(len(self.key.log("WINK")), 1)

    def test_channel_0_and_unknown_channels(self):
        for channel in (0, 77, 0xfffffffe):
            self.send(channel, PING, b"x")
            self.assert_error(channel, 0x0b)
        self.send(BROADCAST, PING, b"x")
        self.assert_error(BROADCAST, 0x0b)

    def test_unknown_command(self):
        channel = self.channel()
        self.send(channel, 0x22, b"x")
        self.assert_error(channel, 0x01)

    def test_init_of_wrong_length(self):
        self.send(BROADCAST, INIT, b"1234567")
        self.assert_error(BROADCAST, 0x03)

    def test_too_long(self):
        channel = self.channel()
        self.send(channel, PING, b"x", size=7610)
        self.assert_error(channel, 0x03)

    def test_wrong_sequence(self):
        channel = self.channel()
        self.send(channel, PING, b"x" * 57, size=200)
        self.send_next(channel, 1)
        self.assert_error(channel, 0x04)

    def test_message_in_a_message(self):
        channel = self.channel()
        self.send(channel, PING, b"x" * 57, size=200)
        self.send(channel, PING, b"y")
        self.assert_error(channel, 0x04)

    def test_rest_that_does_not_come(self):
        channel = self.channel()
        start = time.monotonic()
        self.send(channel, PING, b"x" * 57, size=200)
        self.assert_error(channel, 0x05)
        self.assertLess(time.monotonic() - start, 2)

    def test_busy_for_other_channels(self):
        one, other = self.channel(), self.channel()
        self.send(one, PING, b"x" * 57, size=60)
        self.send(other, PING, b"y")
        self.assert_error(other, 0x06)
        self.send_next(one, 0, b"xxx")
        self.assertEqual(self.receive()[:2], (one, PING))

    def test_stray_continuation_is_ignored(self):
        channel = self.channel()
        self.send_next(channel, 0)
        self.send(channel, PING, b"x")
        self.assertEqual(self.receive(), (channel, PING, b"x"))

    def test_init_aborts_a_message(self):
        channel = self.channel()
        self.send(channel, PING, b"x" * 57, size=200)
        self.send(channel, INIT, b"12345678")
        _channel, command, data = self.receive()
        self.assertEqual((command, struct.unpack_from(">I", data, 8)[0]), (INIT, channel))
        self.send(channel, PING, b"x")
        self.assertEqual(self.receive(), (channel, PING, b"x"))

    def test_garbage_cbor_is_refused(self):
        channel = self.channel()
        for payload, status in ((b"", 0x01), (b"\x55", 0x01), (b"\x01\xff", 0x12),
                                (b"\x01\x80", 0x12), (b"\x01\xa0\x00", 0x12), (b"\x01\xa0", 0x14),
                                (b"\x01\xbb\xff\xff\xff\xff\xff\xff\xff\xff", 0x12),
                                (b"\x06\xa2\x01\x41\x00\x02\x01", 0x11)):
            self.send(channel, CBOR, payload)
            self.assertEqual(self.receive(), (channel, CBOR, bytes([status])), payload.hex())


class Waiting(Case):
    """A key that blinks."""

    script = {"touch": "never", "keepalive_ms": 20}

    def test_keepalives_until_touched(self):
        seen = []
        thread = threading.Thread(target=lambda: (self.key.wait_until("waiting"), time.sleep(0.1),
                                                  self.key.ctl(press=True)))
        thread.start()
        self.make(self.ctap2(), on_keepalive=seen.append)
        thread.join()
        self.assertEqual(seen, [2])
        self.assertTrue(self.key.last("makeCredential")["touched"])

    def test_cancel(self):
        event = threading.Event()
        thread = threading.Thread(target=lambda: (self.key.wait_until("waiting"), event.set()))
        thread.start()
        self.refused(CtapError.ERR.KEEPALIVE_CANCEL, self.make, self.ctap2(), event=event)
        thread.join()
        self.assertEqual(self.key.log("CANCEL")[0]["during"], "makeCredential")
        entry = self.key.last("makeCredential")
        self.assertEqual((entry["outcome"], entry["cancelled"], entry["touched"]),
                         ("KEEPALIVE_CANCEL", True, False))

    def test_busy_meanwhile(self):
        device = self.device()
        thread = threading.Thread(target=lambda: self.make(self.ctap2()))
        thread.start()
        self.key.wait_until("waiting")
        with self.assertRaises(CtapError) as caught:
            device.ping()
        self.assertEqual(caught.exception.code, CtapError.ERR.CHANNEL_BUSY)
        self.assertEqual(self.key.last("BUSY")["during"], "makeCredential")
        self.key.ctl(press=True)
        thread.join()

    def test_init_on_the_same_channel_ends_the_wait(self):
        ctap = self.ctap2()
        line = ctap.device._connection
        channel = ctap.device._channel_id
        line.write_packet((struct.pack(">IBH", channel, CBOR | 0x80, 1) + b"\x0b").ljust(64, b"\0"))
        self.key.wait_until("waiting")
        line.write_packet((struct.pack(">IBH", channel, INIT | 0x80, 8) + b"12345678").ljust(
            64, b"\0"))
        self.key.wait_until("waiting", False)
        self.assertEqual(self.key.last("selection")["outcome"], "NO_ANSWER")
        answer = b""
        while answer[4:5] != bytes([INIT | 0x80]):
            answer = line.read_packet()
        self.key.ctl(touch="instant")
        ctap.selection()

    def test_nobody_touches(self):
        self.key.ctl(touch_timeout_ms=100)
        start = time.monotonic()
        self.refused(CtapError.ERR.USER_ACTION_TIMEOUT, self.make, self.ctap2())
        self.assertLess(time.monotonic() - start, 1)

    def test_touch_after_a_while(self):
        self.key.ctl(touch=150)
        start = time.monotonic()
        self.make(self.ctap2())
        self.assertTrue(0.14 < time.monotonic() - start < 1)

    def test_number_of_keepalives(self):
        self.key.ctl(touch="instant", keepalives=5, keepalive_ms=10)
        start = time.monotonic()
        self.make(self.ctap2())
        self.assertGreater(time.monotonic() - start, 0.045)

    def test_slow_work(self):
        self.key.ctl(touch="instant", processing_ms=60)
        seen = []
        self.make(self.ctap2(), on_keepalive=seen.append)
        self.assertEqual(seen, [1])

    def test_pulled_while_it_blinks(self):
        thread = threading.Thread(target=lambda: (self.key.wait_until("waiting"),
                                                  self.key.ctl(replug=True)))
        ctap = self.ctap2()
        thread.start()
        with self.assertRaises(OSError):
            self.make(ctap)
        thread.join()
        self.key.ctl(touch="instant")
        self.make(self.ctap2())

    def test_picked_by_touch_among_three(self):
        others = [self.start(self.script, "key%d" % i) for i in (1, 2)]
        self.key.ctl(pin="1234")
        outcomes = {}
        event = threading.Event()

        def blink(key):
            try:
                self.make(self.ctap2(key), pin_uv_param=b"", pin_uv_protocol=2, event=event)
            except CtapError as error:
                outcomes[key.path] = error.code
                event.set()

        threads = [threading.Thread(target=blink, args=(key,)) for key in [self.key, *others]]
        for thread in threads:
            thread.start()
        for key in [self.key, *others]:
            key.wait_until("waiting")
        others[0].ctl(press=True)
        for thread in threads:
            thread.join()
        self.assertEqual(outcomes[others[0].path], CtapError.ERR.PIN_NOT_SET)
        self.assertEqual(outcomes[self.key.path], CtapError.ERR.KEEPALIVE_CANCEL)
        self.assertEqual(outcomes[others[1].path], CtapError.ERR.KEEPALIVE_CANCEL)
