# SPDX-License-Identifier: Apache-2.0
"""A low limit of open files: idle strangers neither shut the door, nor the health check, nor the way to the hub."""
import resource
import socket
import unittest

from harness import PATIENCE, PLANT, call, integration_test, uplink, wait_until

FILES = 256
IDLE = 300
DEVICE = "meter-00001"


class open_files(integration_test):
    def serve(self, **options):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)) if hard != resource.RLIM_INFINITY else max(soft, 4096), hard))
        hub = self.emulator(devices=2)
        gateway = self.gateway()
        gateway.command = ["prlimit", f"--nofile={FILES}:{FILES}", *gateway.command]
        return hub, gateway.start()

    def idle(self, port, count=IDLE):
        for _ in range(count):
            one = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
            self.addCleanup(one.close)

    def test_idle_strangers_leave_room_for_posts_the_health_check_and_the_hub(self):
        hub, gateway = self.serve()
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, DEVICE, 1)))
        self.idle(gateway.webhook_port)
        for number in range(2, 6):
            self.assert_stored(gateway.post(PLANT, uplink(PLANT, DEVICE, number)))
        self.assertEqual(call(gateway.admin_port, "GET", "/healthz")[0], 200)
        # The way to the hub is made anew.
        hub.kill()
        hub.start()
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, DEVICE, 6)))
        wait_until(lambda: [one["uplink"] for one in hub.messages(DEVICE)][-1:] == [6], "the uplink in the hub")
        self.assertEqual(gateway.log("accept_paused"), [])
        self.assertEqual(len(gateway.log("open_files_low", error="open_files_limit")), 1)

    def test_idle_connections_of_the_admin_port_do_not_fail_the_health_check(self):
        _, gateway = self.serve()
        self.idle(gateway.admin_port)
        for _ in range(10):
            self.assertEqual(call(gateway.admin_port, "GET", "/healthz")[0], 200)

    def test_max_connections_is_a_key(self):
        hub = self.emulator(devices=2)
        self.edit("[webhook]\n", "[webhook]\nmax_connections = 3\n")
        gateway = self.gateway().start()
        self.idle(gateway.webhook_port, 10)
        wait_until(lambda: gateway.metrics()['causeway_webhook_connections_refused_total'] > 0, "some are refused")
        # Who makes room goes a moment after the newcomer has come.
        wait_until(lambda: gateway.metrics()['causeway_webhook_connections{http="1.1"}'] <= 3, "three are open")


if __name__ == "__main__":
    unittest.main()
