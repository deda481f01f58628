# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments: every uplink that got a 200 is in the hub, in order, and what is there twice is the same message.

CAUSEWAY_KILLS      how often; default 3
CAUSEWAY_UPLINKS    how many uplinks must get a 200; default 5000
CAUSEWAY_SEED       of the moments; default: drawn anew, and printed
"""
import os
import random
import unittest

from harness import FIELD, PLANT, PATIENCE, integration_test, wait_until
from poster import poster

KILLS = int(os.environ.get("CAUSEWAY_KILLS", "3"))
UPLINKS = int(os.environ.get("CAUSEWAY_UPLINKS", "5000"))
SEED = int(os.environ.get("CAUSEWAY_SEED", random.SystemRandom().randrange(1 << 32)))
DEVICES = 40
BACKLOG = 200  # uplinks


class kill(integration_test):
    def test_nothing_that_got_a_200_is_lost(self):
        draw = random.Random(SEED)
        moments = sorted(draw.randrange(BACKLOG, UPLINKS) for _ in range(KILLS))
        print(f"CAUSEWAY_SEED={SEED}: {UPLINKS} uplinks, killed after {moments}", flush=True)
        hub = self.emulator(devices=DEVICES)
        gateway = self.gateway().start()
        half = range(1, DEVICES // 2 + 1)
        devices = [(PLANT, f"meter-{i:05}") for i in half] + [(FIELD, f"sensor-{i:05}") for i in half]
        posting = poster(gateway, devices, UPLINKS).start()
        self.addCleanup(posting.stop)
        for i, moment in enumerate(moments):
            # Every other time the hub has stopped answering a while before, so that many uplinks wait in the spool.
            if i % 2 == 0:
                wait_until(lambda: posting.count() >= moment - BACKLOG, f"{moment} uplinks", PATIENCE * 4)
                hub.add_fault(kind="hub_hang")
            wait_until(lambda: posting.count() >= moment, f"{moment} uplinks", PATIENCE * 4)
            gateway.kill()
            hub.clear_faults()
            gateway.start()
        wait_until(lambda: not posting.running(), f"{UPLINKS} uplinks", PATIENCE * 10)
        accepted = {(device, number) for device, numbers in posting.accepted.items() for number in numbers}
        wait_until(lambda: gateway.metrics()["causeway_spool_messages"] == 0, "an empty spool", PATIENCE * 4)
        self.assertEqual(gateway.stop(), 0)

        first, arrived = {}, {}
        repeated = 0
        for message in hub.messages():
            key = (message["device"], message["uplink"])
            repeated += message["duplicate"]
            # The ledger calls a message duplicate when this device has sent its message-id before.
            self.assertEqual(message["duplicate"], key in first, f"{key}: the same uplink under two message-ids")
            if key not in first:
                first[key] = message
                arrived.setdefault(message["device"], []).append(message["uplink"])
            else:
                self.assertEqual(message["digest"], first[key]["digest"], f"{key}: sent again with another body")
        print(f"{len(accepted)} got a 200, {posting.unanswered} no answer; {len(first)} in the hub, {repeated} of them again; "
              f"refused: {posting.refused}", flush=True)
        self.assertGreaterEqual(len(accepted), UPLINKS)
        self.assertEqual(accepted - first.keys(), set(), "got a 200, and are not in the hub")
        self.assertEqual(posting.refused, [])
        for device, numbers in arrived.items():
            self.assertEqual(numbers, sorted(numbers), f"{device} out of order")
        # What is more than was accepted can only be what had no answer.
        self.assertLessEqual(len(first.keys() - accepted), posting.unanswered)


if __name__ == "__main__":
    unittest.main()
