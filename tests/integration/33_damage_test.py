# SPDX-License-Identifier: Apache-2.0
"""A damaged disk: what it changed is never sent, and never under another device; what it spared is; nothing is lost in silence.

CAUSEWAY_DAMAGES    how many random places of each file; default 10
CAUSEWAY_SEED       of the places; default: drawn anew, and printed
"""
import json
import os
import random
import re
import shutil
import unittest

from harness import FIELD, PATIENCE, PLANT, integration_test, uplink, wait_until

DAMAGES = int(os.environ.get("CAUSEWAY_DAMAGES", "10"))
SEED = int(os.environ.get("CAUSEWAY_SEED", random.SystemRandom().randrange(1 << 32)))
PAGE = 4096
MESSAGES = 90
DEVICES = [(PLANT, f"meter-{i:05}") for i in range(1, 4)] + [(FIELD, f"sensor-{i:05}") for i in range(1, 4)]
# A page, or a frame of the log, holds no more messages than this.
ON_A_PAGE = 12


def damage(draw, kind, data):
    """The bytes with that damage at a random place, and where it is."""
    at = draw.randrange(len(data))
    if kind == "bit":
        return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1:], at
    if kind == "bytes":
        end = min(at + 16, len(data))
        return data[:at] + draw.randbytes(end - at) + data[end:], at
    if kind == "page":
        at -= at % PAGE
        end = min(at + PAGE, len(data))
        return data[:at] + bytes(end - at) + data[end:], at
    return data[:at], at


class damaged_disk(integration_test):
    def setUp(self):
        super().setUp()
        self.draw = random.Random(SEED)
        print(f"CAUSEWAY_SEED={SEED}", flush=True)
        self.hub = self.emulator(devices=6)
        self.state = self.directory / "emulator/gateway-state"
        self.seen = 0
        self.expected = {}
        self.fill()

    def fill(self):
        """Two copies of a state in which messages wait: as a kill leaves it, and as a stop does."""
        under_test = self.gateway().start()
        for application, device in DEVICES:
            self.assert_stored(under_test.post(application, uplink(application, device, 1)))
            self.hub.wait_for(device)
        self.hub.add_fault(kind="hub_hang")
        # One more than is looked for: its answer tells that the witness, which may be late by a commit, has heard of those before it.
        for number in range(2, MESSAGES + 3):
            application, device = DEVICES[number % len(DEVICES)]
            self.assert_stored(under_test.post(application, uplink(application, device, number, filling="x" * 300)))
        under_test.kill()
        self.copies = {"kill": self.directory / "as-killed", "stop": self.directory / "as-stopped"}
        shutil.copytree(self.state, self.copies["kill"])
        under_test = self.gateway().start()
        self.assertEqual(under_test.stop(), 0)
        shutil.copytree(self.state, self.copies["stop"])
        self.hub.clear_faults()
        # What was delivered before comes once more where the log that says so is damaged.
        self.expected.update(self.new_messages())
        for how in self.copies:
            arrived = self.run_on(how, lambda: None)[0]
            self.assertGreaterEqual(arrived.keys(), {(DEVICES[n % len(DEVICES)][1], n) for n in range(2, MESSAGES + 2)})
            self.expected.update(arrived)
        self.waiting = {key for key in self.expected if 1 < key[1] < MESSAGES + 2}

    def new_messages(self):
        """What has come since the last call, by device and marker: its digest."""
        found = {}
        while page := self.hub.control("GET", f"/ledger/messages?after={self.seen}&limit=10000")["messages"]:
            self.seen = page[-1]["order"]
            for one in page:
                key = (one["device"], one["uplink"])
                self.assertEqual(found.setdefault(key, one["digest"]), one["digest"], key)
        return found

    def run_on(self, how, change):
        """Starts on a copy that `change` has damaged, until all is sent: (what arrived, how many are told to be missing, log)."""
        shutil.rmtree(self.state)
        shutil.copytree(self.copies[how], self.state)
        change()
        under_test = self.gateway()
        before = len(under_test.stderr())
        try:
            under_test.start()
        except AssertionError:
            log = under_test.stderr()[before:]
            self.assertRegex(log, "state_unusable|spool_damaged", "it ended with another reason")
            self.assertIn("causeway spool salvage", log)
            self.run_causeway("spool", "salvage", "-c", self.configuration)
            under_test.start()
        wait_until(lambda: under_test.metrics()["causeway_spool_messages"] == 0, "all is sent or told of", PATIENCE)
        metrics = under_test.metrics()
        told = metrics["causeway_spool_missing_messages"] + metrics["causeway_spool_unreadable_total"]
        # It goes on.
        self.assertEqual(under_test.post(PLANT, uplink(PLANT, DEVICES[0][1], 10_000))[0], 200)
        # The log has a thread of its own, which a kill may come before.
        wait_until(lambda: "gateway_started" in under_test.stderr()[before:], "its log has the start", PATIENCE)
        under_test.kill()
        log = under_test.stderr()[before:]
        self.assertNotIn("Sanitizer", log)
        return {key: digest for key, digest in self.new_messages().items() if key[1] < 10_000}, told, log

    def look(self, how, change, what, most_lost):
        arrived, told, log = self.run_on(how, change)
        for key, digest in arrived.items():
            self.assertEqual(digest, self.expected.get(key), f"{what}: {key} arrived altered, or was never sent")
        missing = self.waiting - arrived.keys()
        self.assertLessEqual(len(missing), most_lost, f"{what}: {sorted(missing)}\n{log}")
        if missing:
            self.assertTrue(told >= len(missing) or "cannot tell" in log, f"{what}: {len(missing)} missing, {told} told\n{log}")
        return missing, told, log

    def test_random_damage_alters_nothing_and_loses_nothing_in_silence(self):
        for how, name in (("stop", "spool.db"), ("kill", "spool.db-wal"), ("stop", "assignments.db")):
            good = (self.copies[how] / name).read_bytes()
            for n in range(DAMAGES):
                kind = ("bit", "bytes", "page", "cut")[n % 4]
                bad, at = damage(self.draw, kind, good)
                most = 0 if name == "assignments.db" else len(self.waiting) if kind == "cut" else ON_A_PAGE
                self.look(how, lambda: (self.state / name).write_bytes(bad), f"seed {SEED}: {name}, {kind} at {at}", most)

    def test_a_file_that_is_gone_or_empty_is_told(self):
        for how, name in (("stop", "spool.db"), ("kill", "spool.db-wal"), ("stop", "assignments.db"), ("stop", "witness")):
            for empty in (False, True):
                for blind in (False, True):  # the witness gone, too
                    def change():
                        (self.state / name).write_bytes(b"") if empty else (self.state / name).unlink()
                        if blind and name != "witness":
                            (self.state / "witness").unlink()

                    most = len(self.waiting) if name.startswith("spool") else 0
                    missing, told, log = self.look(how, change, f"{name} {'empty' if empty else 'gone'}, blind: {blind}", most)
                    if missing and not blind:
                        self.assertIn("event=messages_missing", log)
                        self.assertGreaterEqual(told, len(missing))
                    if blind or name == "witness":
                        self.assertIn("cannot tell", log)

    def test_check_and_salvage(self):
        shutil.rmtree(self.state)
        shutil.copytree(self.copies["stop"], self.state)
        spool = self.state / "spool.db"
        ask = lambda *words: self.run_causeway("spool", *words, "-c", self.configuration)
        checked = ask("check")
        self.assertEqual((checked.returncode, checked.stderr), (0, ""), checked.stdout)
        self.assertIn(f"{MESSAGES + 1} messages wait", checked.stdout)
        self.assertIn("good:", checked.stdout)

        data = bytearray(spool.read_bytes())
        at = data.index(b'"uplink":50') // PAGE * PAGE
        data[at:at + PAGE] = bytes(PAGE)
        spool.write_bytes(data)
        before = spool.read_bytes()
        checked = ask("check")
        self.assertEqual(checked.returncode, 1)
        lost = int(re.search(r"damaged: (\d+) messages? that waited cannot be read", checked.stdout)[1])
        self.assertEqual(spool.read_bytes(), before, "check changes nothing")
        mended = ask("salvage")
        self.assertEqual(mended.returncode, 0, mended.stderr)
        self.assertIn(f"has {MESSAGES + 1 - lost} messages", mended.stdout)
        self.assertEqual((self.state / "spool.db.damaged-1").read_bytes(), before, "nothing is deleted")
        self.assertEqual(ask("check").returncode, 0)
        under_test = self.gateway().start()
        wait_until(lambda: under_test.metrics()["causeway_spool_messages"] == 0, "all is sent")
        running = ask("check")
        self.assertEqual(running.returncode, 1)
        self.assertIn("state_locked", running.stderr)
        letters = json.loads(self.run_causeway("dead-letters", "list", "--json", "-c", self.configuration).stdout)["dead_letters"]
        self.assertEqual([one["reason"] for one in letters], ["record_corrupt"] * lost)
        self.assertEqual(len(self.waiting - self.new_messages().keys()), lost)

        # A file whose head is gone altogether.
        under_test.kill()
        shutil.rmtree(self.state)
        shutil.copytree(self.copies["stop"], self.state)
        data = bytearray((self.copies["stop"] / "spool.db").read_bytes())
        data[:100] = bytes(100)
        spool.write_bytes(data)
        self.assertEqual(ask("salvage").returncode, 0)
        self.assertIn(f"{MESSAGES + 1} messages wait", ask("check").stdout)


if __name__ == "__main__":
    unittest.main()
