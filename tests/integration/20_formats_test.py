# SPDX-License-Identifier: Apache-2.0
"""Formats and transforms: what arrives, what a bad program costs, and what check and try-transform say of it."""
import json
import re
import shutil
import subprocess
import unittest

from harness import BIN, PLANT, SAMPLES, integration_test, sample, uplink, wait_until

# What it does with an event is in the event.
PROGRAM = r"""
.uplink_message.decoded_payload as $p
| if $p.do == "loop" then (def f: f; f)
  elif $p.do == "grow" then reduce range(40) as $i ("xxxxxxxx"; . + .)
  elif $p.do == "large" then {a: (reduce range(16) as $i ("xxxxxxxx"; . + .))}
  elif $p.do == "environment" then {uplink: $p.uplink, env: env, path: $ENV.PATH}
  elif $p.do == "error" then {uplink: -1}, error("not this one")
  elif $p.do == "null" then $p.nothing
  elif $p.do == "none" then empty
  elif $p.do == "several" then {uplink: $p.uplink, part: (1, 2, 3)}
  else {uplink: $p.uplink} end
"""


class formats(integration_test):
    def choose(self, text):
        """These lines for the application PLANT."""
        self.edit(f'id = "{PLANT}"', f'id = "{PLANT}"\n{text}')

    def transform(self, program):
        file = self.directory / "program.jq"
        file.write_text(program, encoding="utf-8")
        self.choose('transform_file = "program.jq"')

    def test_devmobile(self):
        hub = self.emulator()
        self.choose('format = "devmobile"')
        gateway = self.gateway().start()
        event = json.loads(uplink(PLANT, "meter-00001", 1, gps_1={"latitude": -43.5309, "longitude": 172.6371}, Port=7, list=[1, 2]))
        event["end_device_ids"]["dev_eui"] = "0004A30B001C0530"
        self.assert_stored(gateway.post(PLANT, json.dumps(event)))
        [message] = hub.wait_for("meter-00001")
        body = json.loads(message["body"])
        self.assertEqual(list(body), ["ApplicationID", "DeviceEUI", "DeviceID", "Port", "Simulated", "ReceivedAtUtc", "PayloadRaw",
                                      "uplink", "gps_1", "Port_", "list"])
        self.assertEqual((body["Port"], body["Port_"], body["list"]), (2, 7, [1, 2]))
        self.assertEqual(body["gps_1"], {"lat": -43.5309, "latitude": -43.5309, "lon": 172.6371, "longitude": 172.6371})
        self.assertEqual(message["properties"], {
            "iothub-creation-time-utc": "2026-01-01T00:00:01", "ApplicationId": PLANT, "DeviceEUI": "0004A30B001C0530",
            "DeviceId": "meter-00001", "port": "2", "Simulated": "False"})
        self.assertFalse(message["content_type"])

    def test_things_stack(self):
        hub = self.emulator()
        self.choose('format = "things-stack"')
        gateway = self.gateway().start()
        event = uplink(PLANT, "meter-00001", 1, big=9007199254740993).replace(", ", " ,\n ")
        self.assert_stored(gateway.post(PLANT, event))
        [message] = hub.wait_for("meter-00001")
        self.assertEqual(message["body"], event)
        self.assertEqual(message["properties"]["event"], "uplink")
        self.assertEqual(message["content_type"], "application/json")

    def test_a_transform_gives_none_or_several_messages_in_order(self):
        hub = self.emulator()
        self.transform(PROGRAM)
        gateway = self.gateway().start()
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, "meter-00001", 1)))
        self.assertEqual(gateway.post(PLANT, uplink(PLANT, "meter-00001", 2, do="none")), (200, '{"outcome":"unwanted"}'))
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, "meter-00001", 3, do="several")))
        self.assertEqual(gateway.post(PLANT, uplink(PLANT, "meter-00001", 3, do="several")), (200, '{"outcome":"duplicate"}'))
        for number in range(4, 54):
            self.assert_stored(gateway.post(PLANT, uplink(PLANT, "meter-00001", number)))
        messages = hub.wait_for("meter-00001", 54)
        self.assertEqual([json.loads(one["body"]) for one in messages],
                         [{"uplink": 1}, *({"uplink": 3, "part": part} for part in (1, 2, 3)), *({"uplink": n} for n in range(4, 54))])
        ids = [one["message_id"] for one in messages]
        self.assertEqual(len(set(ids)), 54)
        self.assertTrue(ids[0].endswith(".1"))
        self.assertEqual([one[-2:] for one in ids[1:4]], [".1", ".2", ".3"])
        self.assertEqual(len({one[:-2] for one in ids[1:4]}), 1)

    def test_a_bad_program_costs_its_events_and_no_other(self):
        hub = self.emulator()
        self.transform(PROGRAM)
        gateway = self.gateway().start()
        # Under a sanitizer, which counts memory in its own way, time may run out first.
        cases = {"loop": ("transform_limit", "processor time"), "grow": ("transform_limit", "memory|processor time"),
                 "large": ("message_too_large", "output 1: "), "error": ("transform_refused", "not this one"),
                 "null": ("transform_refused", "output 1 is null")}
        good = 0
        for what, (error, words) in cases.items():
            with self.subTest(what):
                refused = gateway.post(PLANT, uplink(PLANT, "meter-00001", 1000 + good, do=what))
                self.assertEqual(refused, (200, '{"outcome":"dead_lettered"}'))
                wait_until(lambda: any(re.search(words, one["detail"]) for one in gateway.log("message_dead_lettered", error=error)),
                           f"{error}: {words}")
                good += 1
                self.assert_stored(gateway.post(PLANT, uplink(PLANT, "meter-00001", good)))
        messages = hub.wait_for("meter-00001", good)
        self.assertEqual([json.loads(one["body"]) for one in messages], [{"uplink": n} for n in range(1, good + 1)])
        self.assertEqual(gateway.metrics()["causeway_messages_dead_lettered_total"], len(cases))
        self.assert_stored(gateway.post(PLANT, uplink(PLANT, "meter-00001", 500, do="environment")))
        last = hub.wait_for("meter-00001", good + 1)[-1]
        self.assertEqual(json.loads(last["body"]), {"uplink": 500, "env": {}, "path": None})
        self.assertEqual(gateway.stop(), 0)

    def test_check_shows_jqs_own_words_with_the_place(self):
        self.emulator()
        self.choose('transform = ".a\\n| foo(1)"')
        line = 1 + self.configuration.read_text().splitlines().index('transform = ".a\\n| foo(1)"')
        for command in (["check", "--offline"], ["run"]):
            ended = self.run_causeway(*command, "-c", str(self.configuration))
            self.assertEqual(ended.returncode, 2, ended.stderr)
            self.assertRegex(ended.stderr, re.escape(f"c.toml:{line}:13: transform_invalid: ") +
                             f".*{PLANT}.*foo/1 is not defined at <top-level>, line 2")

    def test_a_missing_program_is_named(self):
        self.emulator()
        self.choose('transform = "."')
        alone = self.directory / "bin"
        alone.mkdir()
        shutil.copy2(BIN / "causeway", alone)
        for command in (["check", "--offline"], ["run"]):
            ended = subprocess.run([alone / "causeway", *command, "-c", self.configuration], capture_output=True, text=True, timeout=60)
            self.assertEqual(ended.returncode, 2)
            self.assertIn(f"transform_missing: the program causeway-transform cannot be used: application {PLANT}, transform: "
                          f"{alone}/causeway-transform: No such file or directory", ended.stderr)

    def test_try_transform(self):
        self.emulator()
        self.transform(PROGRAM)
        run = lambda *words, text=None: subprocess.run(
            [BIN / "causeway", "try-transform", "-c", self.configuration, *words], capture_output=True, text=True, timeout=60,
            input=text)
        ended = run("-", text=uplink(PLANT, "meter-00001", 7, do="several"))
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertRegex(ended.stdout, r"^outcome: stored\n\nmessage-id: u-[0-9a-f]{32}\.1\ncontent-type: application/json\n")
        self.assertIn('\nproperty deviceId: meter-00001\n', ended.stdout)
        self.assertEqual(re.findall("^body: (.*)$", ended.stdout, re.M), [f'{{"uplink":7,"part":{n}}}' for n in (1, 2, 3)])

        file = self.directory / "sample.json"
        file.write_text(uplink(PLANT, "meter-00001", 7, do="error"), encoding="utf-8")
        ended = run("--json", str(file))
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(json.loads(ended.stdout), {"outcome": "dead_lettered", "error": "transform_refused", "detail": "not this one",
                                                    "messages": []})
        # A built-in format, of an application with another id than the sample's.
        ended = run("--json", "--application", "starter-kit", str(next(SAMPLES.glob("up-09-*"))))
        self.assertEqual(ended.returncode, 0, ended.stderr)
        [message] = json.loads(ended.stdout)["messages"]
        self.assertEqual(message["body"]["lorawan"]["applicationId"], "starter-kit")
        self.assertEqual(message["properties"]["deviceId"], "eui-24e124128b100001")
        self.assertEqual(run("--application", "starter-kit", "-", text=sample("up-10")).stdout, "outcome: control\n")

        self.assertEqual(run("-", text="{").returncode, 1)
        self.assertEqual(run(str(self.directory / "none.json")).returncode, 1)
        unknown = run("-", text=sample("up-09"))
        self.assertEqual((unknown.returncode, "--application" in unknown.stderr), (2, True))
        self.assertEqual(run().returncode, 2)


if __name__ == "__main__":
    unittest.main()
