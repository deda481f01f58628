#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Brings N devices online with Microsoft's own clients, with what the earlier gateway did, and with Causeway, all against
one causeway-emulator after another's leaving; prints a line of JSON each and a table.

    compare.py [--devices N] [--latency azure|none] [--only WORD] [--table FILE]
    compare.py single [--retry-after S]        where the time of one registration goes, for Node and Java

Time runs from just before exec to the emulator's last attach. Memory and CPU are the client process's; memory a device is
what comes on top of the same client without a device. CAUSEWAY_BIN as in tests/integration/harness.py.
"""
import argparse
import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
import harness  # noqa: E402
from recorder import recorder  # noqa: E402

SCOPE = "0ne00EMU000"
AMQPS = 5671  # Java's device client knows no other port
PATIENCE = 120  # seconds without any progress
TRUST_PASSWORD = "comparison"  # of a trust store, which holds nothing secret


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class world:
    """An emulator with N devices of one layout, and what clients need to reach them."""

    def __init__(self, layout, options, retry_after=3):
        self.layout = layout
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="causeway-compare-", dir=options.directory))
        self.hub = harness.emulator(self.directory, devices=options.devices, layout=layout, retry_after=retry_after,
                                    registry=True, latency=options.latency)
        self.hub.ports["hub"] = AMQPS
        self.hub.command[self.hub.command.index("--hub-port") + 1] = str(AMQPS)
        self.configuration = self.directory / "causeway.toml"
        self.configuration.write_text(self.hub.print_config() + '\n[log]\nlevel = "warning"\n')
        self.hub.start()
        self.certificate = self.hub.directory / "emulator/ca.pem"

    def keys(self, devices):
        """A file of "name key" lines."""
        file = self.directory / f"keys-{devices}"
        prefix = "meter-" if self.layout == "hub" else "sensor-"
        names = [f"{prefix}{number:05}" for number in range(1, devices + 1)]
        file.write_text("".join(f"{name} {self.key_of(name)}\n" for name in names))
        return file

    def key_of(self, name):
        if self.layout == "hub":
            return self.hub.control("GET", "/devices/" + name)["primary_key"]
        group = base64.b64decode((self.hub.directory / "emulator/group-key").read_text())
        return base64.b64encode(hmac.new(group, name.encode(), hashlib.sha256).digest()).decode()

    def trust_store(self):
        file = self.directory / "trust.p12"
        if not file.exists():
            subprocess.run(["keytool", "-importcert", "-noprompt", "-alias", "emulator", "-file", self.certificate, "-keystore",
                            file, "-storetype", "PKCS12", "-storepass", TRUST_PASSWORD], check=True, capture_output=True)
        return file

    def without_devices(self):
        """A configuration of the gateway that has none."""
        file = self.directory / "without-devices.toml"
        lines = self.configuration.read_text().splitlines(keepends=True)
        file.write_text("".join(line.replace("/gateway-state", "/gateway-state-base") for line in lines
                                if not line.startswith("api_key_file")))
        return file

    def close(self):
        self.hub.stop()


def node(order, there, devices):
    through = [there.hub.ports["dps"], SCOPE] if there.layout == "dps" else [f"localhost:{AMQPS}"]
    command = ["node", HERE / "node_client.mjs", order, there.keys(devices), *through]
    return command, {"NODE_EXTRA_CA_CERTS": str(there.certificate), "NODE_OPTIONS": "--dns-result-order=ipv4first"}


def java(there, *arguments):
    jars = HERE / "java/target"
    options = [f"-Djavax.net.ssl.trustStore={there.trust_store()}", f"-Djavax.net.ssl.trustStorePassword={TRUST_PASSWORD}",
               "-Djava.net.preferIPv4Stack=true"]
    return ["java", *options, "-cp", f"{jars}/classes:{jars}/dependency/*", "causeway.Comparison", *arguments], {}


def multiplexing(there, devices):
    # A host without a dot is no hub's for it.
    return java(there, "multiplexing", "127.0.0.1", there.keys(devices), "c2d")


def causeway(there, devices):
    return [harness.BIN / "causeway", "run", "-c", there.configuration if devices else there.without_devices()], {}


def sequential(there, devices):
    return [harness.BIN / "causeway-bench", "sequential-client", "-c",
            there.configuration if devices else there.without_devices()], {}


def start(there, command, environment, name):
    out = open(there.directory / f"{name}.out", "wb")
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                            env={**os.environ, **environment})


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def base_memory(there, command, environment):
    """Of the client without a device, once it has started."""
    process = start(there, command, environment, "base")
    last, steady = 0, 0
    for _ in range(100):
        time.sleep(0.2)
        if process.poll() is not None:
            raise SystemExit(f"{command} has ended: {(there.directory / 'base.out').read_text()[-2000:]}")
        now = resident_bytes(process.pid)
        steady = steady + 1 if abs(now - last) < 100_000 else 0
        last = now
        if steady >= 5:
            break
    end(process)
    return last


def wait_for_attached(there, process, devices):
    """Until all are attached, or until nothing changes for a while; the ledger."""
    seen, changed = None, time.monotonic()
    while True:
        ledger = there.hub.ledger()
        state = (ledger["attached"], ledger["put_tokens"], ledger["connections"], there.hub.dps()["requests"])
        if state != seen:
            seen, changed = state, time.monotonic()
        if ledger["attached"] >= devices or time.monotonic() - changed > PATIENCE or process.poll() is not None:
            return ledger
        time.sleep(0.02)


def measure(name, there, make, devices, latency):
    base = base_memory(there, *make(there, 0))
    # Its devices must have left before the next come; the state of a gateway, too.
    harness.wait_until(lambda: there.hub.ledger()["connections_open"] == 0, "the last client's connections to close", 60)
    before, dps_before = there.hub.ledger(), there.hub.dps()
    command, environment = make(there, devices)
    began = time.time()
    process = start(there, command, environment, "client")
    wait_for_attached(there, process, devices)
    cpu = cpu_seconds(process.pid) if process.poll() is None else 0
    time.sleep(1)
    ledger, dps = there.hub.ledger(), there.hub.dps()
    memory = resident_bytes(process.pid) if process.poll() is None else 0
    end(process)
    online = ledger["attached"]
    row = {"client": name, "way": "dps" if there.layout == "dps" else "connection-string", "latency": latency, "devices": devices,
           "online": online,
           "seconds_to_all_online": round(ledger["last_attach_ms"] / 1000 - began, 3) if online else 0,
           "rss_bytes": memory, "rss_bytes_base": base,
           "rss_bytes_per_device": round((memory - base) / devices),
           "gateway_cpu_seconds": round(cpu, 2), "cpu_ms_per_device": round(cpu * 1000 / devices, 3),
           "dps_requests": dps["requests"] - dps_before["requests"],
           "connections": ledger["connections"] - before["connections"],
           "put_tokens": ledger["put_tokens"] - before["put_tokens"]}
    if online < devices:
        row["fault"] = (there.directory / "client.out").read_text(errors="replace")[-400:]
    print(json.dumps(row), flush=True)
    return row


def make_table(rows):
    lines = ["| Client | Way | Devices | Online | Seconds to all online | Memory, KB a device | CPU, ms a device | Connections |",
             "|---|---|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row['client']} | {row['way']} | {row['devices']} | {row['online']} | {row['seconds_to_all_online']:.2f} | "
                     f"{row['rss_bytes_per_device'] / 1000:.1f} | {row['cpu_ms_per_device']:.2f} | {row['connections']} |")
    return "\n".join(lines) + "\n"


def compare(options):
    rows = []
    by_keys = [("Causeway", causeway, options.devices),
               ("as the earlier gateway: one after another", sequential, options.devices),
               ("Node azure-iot-device, one after another", lambda at, n: node("one-by-one", at, n), options.devices),
               ("Node azure-iot-device, all at once", lambda at, n: node("concurrent", at, n), options.devices),
               ("Java MultiplexingClient", multiplexing, options.devices)]
    # One after another takes Retry-After for each: a few show it.
    few = min(options.devices, options.few)
    by_dps = [("Causeway", causeway, options.devices),
              ("as the earlier gateway: one after another", sequential, few),
              ("Node, one after another", lambda at, n: node("one-by-one", at, n), few),
              ("Node, all at once", lambda at, n: node("concurrent", at, n), options.devices)]
    for layout, clients in (("hub", by_keys), ("dps", by_dps)):
        chosen = [one for one in clients if options.only in f"{layout} {one[0]}"]
        for devices in sorted({one[2] for one in chosen}):
            there = world(layout, argparse.Namespace(**{**vars(options), "devices": devices}))
            with contextlib.closing(there):
                rows += [measure(name, there, make, devices, options.latency) for name, make, n in chosen if n == devices]
    return rows


def single(options):
    """One registration over HTTPS, then its hub, with a recorder on the way to DPS: when bytes went, and when they were awaited."""
    rows = []
    options.devices = 2
    there = world("dps", options, retry_after=options.retry_after)
    with contextlib.closing(there):
        for name in ("Node", "Java"):
            with recorder(there.hub.ports["dps"]) as way:
                device = {"Node": "sensor-00001", "Java": "sensor-00002"}[name]
                keys = there.directory / f"key-{name}"
                keys.write_text(f"{device} {there.key_of(device)}\n")
                if name == "Node":
                    command = ["node", HERE / "node_client.mjs", "one-by-one", keys, way.port, SCOPE]
                    environment = {"NODE_EXTRA_CA_CERTS": str(there.certificate), "NODE_OPTIONS": "--dns-result-order=ipv4first"}
                else:
                    command, environment = java(there, "register", f"localhost:{way.port}", SCOPE, device, there.key_of(device))
                began = time.time()
                process = start(there, command, environment, "client")
                attached = wait_for_attached(there, process, 1)["last_attach_ms"]
                requests = there.hub.dps(device)
                end(process)
                row = {"client": name, "retry_after": options.retry_after, "latency": options.latency,
                       "registrations": requests["registrations"], "polls": requests["polls"]}
                if attached is None or process.returncode == 1:
                    row["fault"] = (there.directory / "client.out").read_text(errors="replace")[-800:]
                else:
                    row.update(way.phases(began, attached / 1000))
            rows.append(row)
            print(json.dumps(row), flush=True)
            harness.wait_until(lambda: there.hub.ledger()["connections_open"] == 0, "the connections to close", 60)
    return rows


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("what", nargs="?", choices=["all", "single"], default="all")
    options.add_argument("--devices", type=int, default=1000)
    options.add_argument("--few", type=int, default=20, help="devices of those who register one after another")
    options.add_argument("--latency", choices=["azure", "none"], default="azure")
    options.add_argument("--retry-after", type=int, default=3)
    options.add_argument("--only", default="", help="clients whose layout and name hold this text, such as Java")
    options.add_argument("--directory", default="/var/tmp")
    options.add_argument("--table", help="file for the Markdown table")
    options = options.parse_args()
    if options.what == "single":
        return 1 if any("fault" in row for row in single(options)) else 0
    rows = compare(options)
    table = make_table(rows)
    print(table)
    if options.table:
        pathlib.Path(options.table).write_text(table)
    return 1 if any("fault" in row for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
