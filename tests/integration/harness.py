# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the programs under test, each test with ports and a directory of its own.

CAUSEWAY_BIN        directory of causeway and causeway-emulator; default build/release/bin
CAUSEWAY_PATIENCE   seconds that a condition may take to come true; default 30
"""
import atexit
import base64
import fcntl
import http.client
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import tomllib
import unittest

from hub_service import hub_service

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CAUSEWAY_BIN", ROOT / "build/release/bin"))
SAMPLES = ROOT / "tests/data/things-stack"
PATIENCE = float(os.environ.get("CAUSEWAY_PATIENCE", "30"))

FIELD = "starter-kit"  # the application whose devices come through DPS
PLANT = "water-meters"  # the application whose devices have identities in the hub
FIELD_OF_LOG = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')  # logfmt

METER = "meter-00001"  # of PLANT, the device that is sent commands

SAMPLE_DEVICE = "eui-70b3d52dd600035a"  # of sample up-03


def sample(name):
    """The JSON text of the sample whose file name begins so, such as "up-03"."""
    return next(SAMPLES.glob(name + "-*.json")).read_text(encoding="utf-8")


def uplink(application, device, f_cnt, **decoded):
    """An uplink of that device; a higher f_cnt was received later. `uplink=N` is the marker that the ledger reads."""
    event = json.loads(sample("up-03"))
    ids = event["end_device_ids"]
    ids["device_id"], ids["application_ids"]["application_id"] = device, application
    del ids["dev_eui"]
    time = f"2026-01-01T{f_cnt // 3600 % 24:02}:{f_cnt // 60 % 60:02}:{f_cnt % 60:02}.{f_cnt % 10**9:09}Z"
    event["uplink_message"].update(f_cnt=f_cnt, received_at=time, decoded_payload={"uplink": f_cnt, **decoded})
    event["received_at"] = time
    return json.dumps(event)


def wait_until(probe, what, patience=None):
    """Polls until probe() is true, and returns what it gave. A refused or broken connection counts as not yet."""
    deadline = time.monotonic() + (PATIENCE if patience is None else patience)
    seen = None
    while True:
        try:
            seen = probe()
            if seen:
                return seen
        except (OSError, http.client.HTTPException) as fault:
            seen = fault
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for: {what}; last seen: {seen!r}")
        time.sleep(0.01)


_port_locks = open(pathlib.Path(tempfile.gettempdir()) / f"causeway-test-ports-{os.getuid()}.lock", "w")
_ports = set()
atexit.register(_port_locks.close)


def free_port():
    """A port of this process alone: below the range that the kernel gives to clients, its byte locked in a file of the tests."""
    while True:
        port = random.SystemRandom().randrange(15000, 32000)
        if port in _ports:
            continue
        try:
            fcntl.lockf(_port_locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            _ports.add(port)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port


def basic(username, password):
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def call(port, method, path, body=None, headers=None):
    """One HTTP request on a connection of its own: (status, text)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8")
    finally:
        connection.close()


def parse_metrics(text):
    """Prometheus' text format: ({sample with its labels: value}, {family: type}). Raises ValueError at what is not in order."""
    samples, types = {}, {}
    for line in text.splitlines():
        words = line.split(" ")
        if line.startswith("# TYPE "):
            if words[2] in types:
                raise ValueError("a second TYPE of " + words[2])
            types[words[2]] = words[3]
        elif line.startswith("# HELP "):
            if len(words) < 4:
                raise ValueError("no help: " + line)
        elif line.startswith("#") or not line:
            raise ValueError("neither a sample nor HELP nor TYPE: " + repr(line))
        else:
            name, value = line.rsplit(" ", 1)
            family = name.split("{")[0]
            if types.get(family) is None:
                family = family.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")
            if types.get(family) not in ("counter", "gauge", "histogram"):
                raise ValueError("a sample without a known type: " + line)
            if name in samples:
                raise ValueError("a second sample of " + name)
            samples[name] = float(value)
    return samples, types


class program:
    """A program under test; its output is kept in files."""

    def __init__(self, directory, name, arguments):
        self.name = name
        self.command = [str(BIN / name), *map(str, arguments)]
        self._files = [pathlib.Path(directory) / f"{name}.stdout", pathlib.Path(directory) / f"{name}.stderr"]
        self._process = None

    def start(self):
        with open(self._files[0], "ab") as out, open(self._files[1], "ab") as err:
            self._process = self.spawn(out, err)
        return self

    def spawn(self, out, err):
        return subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def running(self):
        return self._process is not None and self._process.poll() is None

    def pid(self):
        return self._process.pid

    def resident(self):
        """Bytes of memory."""
        with open(f"/proc/{self.pid()}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    def stdout(self):
        return self._files[0].read_text(encoding="utf-8", errors="replace")

    def stderr(self):
        return self._files[1].read_text(encoding="utf-8", errors="replace") if self._files[1].exists() else ""

    def log(self, event, **fields):
        """The lines of that event that have these fields, each a dictionary. `error="x"` matches exactly."""
        found = []
        for line in self.stderr().splitlines():
            if f" event={event}" not in line:
                continue
            entry = {key: json.loads(value) if value.startswith('"') else value for key, value in FIELD_OF_LOG.findall(line)}
            if entry.get("event") == event and all(entry.get(key) == str(value) for key, value in fields.items()):
                found.append(entry)
        return found

    def wait_for_log(self, event, **fields):
        def look():
            if not self.running():
                raise AssertionError(f"{self.name} has ended:\n{self.stderr()}")
            return self.log(event, **fields)

        return wait_until(look, f"{self.name} logs {event} {fields}")

    def wait_for_end(self):
        return self._process.wait(PATIENCE)

    def signal(self, number):
        self._process.send_signal(number)

    def stop(self):
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait_for_end()

    def kill(self):
        if self.running():
            self.signal(signal.SIGKILL)
            self.wait_for_end()


class emulator(program):
    """registry: the gateway asks the registry which devices there are; without it devices appear with their first event.
    Other options are those of causeway-emulator: layout="dps", tier="S1", units=1, dps_quota=100 …"""

    def __init__(self, directory, devices=4, retry_after=0, hubs=1, registry=False, latency="none", **options):
        self.directory = pathlib.Path(directory)
        self.registry = registry
        self.ports = {name: free_port() for name in ("hub", "dps", "stack", "control", "webhook", "admin")}
        options.update(devices=devices, retry_after=retry_after, hubs=hubs, latency=latency)
        if hubs > 1:
            options["more_hub_ports"] = ",".join(str(free_port()) for _ in range(1, hubs))
        arguments = ["--directory", self.directory / "emulator"]
        for name, value in options.items():
            arguments += ["--" + name.replace("_", "-"), value]
        for name in ("hub", "dps", "stack", "control"):
            arguments += [f"--{name}-port", self.ports[name]]
        for name in ("webhook", "admin"):
            arguments += [f"--{name}-listen", f"127.0.0.1:{self.ports[name]}"]
        super().__init__(directory, "causeway-emulator", arguments)

    def print_config(self):
        printed = subprocess.run([*self.command, "--print-config"], check=True, capture_output=True, text=True, timeout=PATIENCE)
        lines = printed.stdout.splitlines(keepends=True)
        return "".join(line for line in lines if self.registry or not line.startswith("api_key_file"))

    def start(self):
        super().start()
        wait_until(lambda: not self.running() or call(self.ports["control"], "GET", "/healthz")[0] == 200, "the emulator")
        if not self.running():
            raise AssertionError("the emulator has ended:\n" + self.stderr())
        return self

    def control(self, method, path, body=None):
        status, text = call(self.ports["control"], method, path, None if body is None else json.dumps(body))
        if status not in (200, 201):
            raise AssertionError(f"{method} {path}: {status} {text}")
        return json.loads(text)

    def ledger(self):
        return self.control("GET", "/ledger")

    def messages(self, device=None):
        """All messages of the ledger, or of a device, oldest first."""
        found, after = [], 0
        while True:
            query = f"/ledger/messages?after={after}&limit=10000" + (f"&device={device}" if device else "")
            page = self.control("GET", query)["messages"]
            if not page:
                return found
            found += page
            after = page[-1]["order"]

    def wait_for(self, device, count=1):
        """The messages of that device, when there are so many."""
        return wait_until(lambda: len(found := self.messages(device)) >= count and found, f"{count} message(s) of {device}")

    def dps(self, registration=None):
        return self.control("GET", "/dps" + (f"?registration={registration}" if registration else ""))

    def add_fault(self, **fault):
        return self.control("POST", "/faults", fault)

    def clear_faults(self):
        self.control("DELETE", "/faults")


class gateway(program):
    def __init__(self, directory, configuration):
        self.configuration = pathlib.Path(configuration)
        super().__init__(directory, "causeway", ["run", "-c", self.configuration])

    def start(self):
        """Starts, and waits until it is ready."""
        super().start()
        self._read_configuration()
        wait_until(lambda: not self.running() or call(self.admin_port, "GET", "/readyz")[0] == 200, "the gateway")
        if not self.running():
            raise AssertionError("the gateway has ended:\n" + self.stderr())
        return self

    def _read_configuration(self):
        settings = tomllib.loads(self.configuration.read_text(encoding="utf-8"))
        port = lambda section: int(settings[section]["listen"].rsplit(":", 1)[1])
        self.webhook_port, self.admin_port = port("webhook"), port("admin")
        self.log_ins = {}
        for one in settings["application"]:
            if "webhook_password_file" not in one:
                continue
            password = pathlib.Path(one["webhook_password_file"]).read_text(encoding="utf-8").rstrip("\n")
            self.log_ins[one["id"]] = basic(settings["webhook"]["username"], password)

    def post(self, application, body, path=None, log_in=None, content_type="application/json"):
        """Posts to /webhook/{application} with that application's log-in, or another: (status, answer)."""
        headers = {"Content-Type": content_type, "Authorization": log_in or self.log_ins[application]}
        return call(self.webhook_port, "POST", path or f"/webhook/{application}", body, headers)

    def metrics(self):
        status, text = call(self.admin_port, "GET", "/metrics")
        if status != 200:
            raise AssertionError(f"/metrics: {status}")
        return parse_metrics(text)[0]


class integration_test(unittest.TestCase):
    """Has a directory of its own; everything that it starts is killed in the end."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="causeway-test-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def emulator(self, **options):
        """An emulator that runs; its configuration is in self.configuration."""
        made = emulator(self.directory, **options)
        self.configuration = self.directory / "c.toml"
        self.configuration.write_text(made.print_config(), encoding="utf-8")
        self.addCleanup(made.kill)
        return made.start()

    def gateway(self, configuration=None):
        """A gateway, not started."""
        made = gateway(self.directory, configuration or self.configuration)
        self.addCleanup(made.kill)
        self.addCleanup(self._tell, made)
        return made

    def edit(self, old, new):
        """Replaces the one occurrence of a text in the configuration."""
        text = self.configuration.read_text(encoding="utf-8")
        self.assertEqual(text.count(old), 1, f"{old} in the configuration:\n{text}")
        self.configuration.write_text(text.replace(old, new), encoding="utf-8")

    def serve_webhook_by_tls(self):
        """Puts the emulator's certificate into the configuration; a client's context that trusts it."""
        directory = self.directory / "emulator"
        self.edit("[webhook]\n", f'[webhook]\ntls_certificate = "{directory}/server.pem"\ntls_key = "{directory}/server-key.pem"\n')
        return ssl.create_default_context(cafile=directory / "ca.pem")

    def run_causeway(self, *arguments):
        """A run to its end: return code, stdout, stderr."""
        return subprocess.run([BIN / "causeway", *arguments], capture_output=True, text=True, timeout=PATIENCE * 2,
                              stdin=subprocess.DEVNULL)

    def assert_stored(self, answered):
        self.assertEqual(answered, (200, '{"outcome":"stored"}'))

    def _tell(self, made):
        result = self._outcome.result  # _outcome's own `success` is that of the clean-up by now
        if any(getattr(one, "test_case", one) is self for one, _ in result.failures + result.errors):
            print(f"--- {self.id()}: {made.name} wrote:\n{made.stderr()[-6000:]}", flush=True)
        if "Sanitizer" in made.stderr():
            self.fail(made.stderr()[-6000:])


class commands_test(integration_test):
    """Sends METER commands, speaks for it, and looks at what becomes of them at the hub and at the stack."""

    def begin(self, lines="", sections="", **options):
        """lines: further ones of PLANT in the configuration; sections: what is put behind its last one."""
        port = free_port()
        self.hub = self.emulator(registry=True, service_port=port, **options)
        self.service = hub_service(self.hub.directory / "emulator", port)
        self.edit(f'id = "{PLANT}"\n', f'id = "{PLANT}"\n{lines}')
        with self.configuration.open("a", encoding="utf-8") as file:
            file.write(sections)
        self.start_gateway()

    def start_gateway(self):
        """Until METER has a link for commands."""
        self.causeway = self.gateway().start()
        self.post_simulated(1)
        self.hub.wait_for(METER)
        self.wait_for_link()

    def post_simulated(self, number, device=METER):
        """Past the emulated stack, and so as what no network server has had: one that its record lacks would leave pushes in doubt."""
        event = json.loads(uplink(PLANT, device, number))
        event["simulated"] = True
        self.assert_stored(self.causeway.post(PLANT, json.dumps(event)))

    def wait_for_link(self, device=METER):
        wait_until(lambda: any(one["role"] == "c2d" and one["credit"] > 0 for one in self.links(device)), f"a link for commands of {device} with credit")

    def links(self, device=METER):
        return self.hub.control("GET", f"/links?device={device}")["links"]

    def send(self, number, text="open", device=METER, **properties):
        self.send_body(number, base64.b64encode(text.encode()).decode(), {"Port": "10", **properties}, device)

    def send_body(self, number, body, properties, device=METER):
        self.hub.control("POST", "/c2d", {"device": device, "body": body, "message_id": f"m{number}", "ack": "full", "properties": properties})

    def speak(self, device=METER, **how):
        self.hub.control("POST", "/downlinks/uplink", {"application": PLANT, "device": device, **how})

    def items(self):
        return self.hub.control("GET", "/downlinks/book?after=0&limit=1000")["items"]

    def wait_for_items(self, count):
        return wait_until(lambda: len(found := self.items()) >= count and found, f"{count} item(s) of the stack's")

    def ends(self, device=METER):
        """The newest first."""
        return [one["end"] for one in self.hub.control("GET", f"/c2d?device={device}&limit=100")["ended"]]

    def reports(self, device=METER):
        found = []
        for message in self.hub.messages(device):
            body = json.loads(message["body"]) if isinstance(message["body"], str) else message["body"]
            if "downlink" in body:
                found.append(body["downlink"])
        return found

    def wait_for_states(self, *states):
        wait_until(lambda: [one["state"] for one in self.reports()] == list(states), f"the reports {states}", 30)
