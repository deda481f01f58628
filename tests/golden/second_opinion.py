#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The golden files of the built-in formats, worked out once more from docs/formats.md by a program that shares nothing with the
gateway: a misunderstanding must be made twice to stay unseen. What the gateway refuses is only counted."""
import hashlib
import json
import pathlib
import re
import sys
from datetime import datetime, timezone

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"
KINDS = {"uplink_message": ("uplink", "u"), "uplink_normalized": ("normalized", "n"), "join_accept": ("join", "j"),
         "location_solved": ("location", "l"), "service_data": ("service", "s")}
NO_TIME = ("", "0001-01-01T00:00:00Z", None)
INNER = {"uplink": ("received_at", "rx_metadata", "settings"), "normalized": ("received_at", "rx_metadata", "settings"), "join": ("received_at",)}


class number(float):
    """With its own text."""
    def __new__(cls, text):
        made = super().__new__(cls, text)
        made.text = text
        return made


def dump(value):
    if isinstance(value, number):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{dump(key)}:{dump(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def canonical(value):
    if isinstance(value, str):
        return '"' + re.sub(r'(["\\\\])', r"\\\1", value) + '"'
    if isinstance(value, dict):
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return dump(value)


def digest(*parts):
    octets = [part if isinstance(part, bytes) else part.encode() for part in parts]
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in octets)).hexdigest()[:32]


def moment(text):
    """Seconds and nanoseconds; nothing for what tells no two events apart."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", text or "")
    if not found or text in NO_TIME:
        return None
    seconds = int(datetime.fromisoformat(found[1] + "+00:00").timestamp())
    return str(seconds), str(int((found[2] or "0").ljust(9, "0")))


class event:
    def __init__(self, text):
        self.raw = text
        body = json.loads(text, parse_float=number, parse_int=number)
        [(member, self.content)] = [(key, body[key]) for key in KINDS if key in body]
        self.kind, letter = KINDS[member]
        ids = body.get("end_device_ids", {})
        self.application = ids.get("application_ids", {}).get("application_id", "app1")
        self.device = ids.get("device_id", "dev1")
        self.eui = ids.get("dev_eui")
        whole = all(one in body for one in ("received_at", "correlation_ids")) and all(one in self.content for one in INNER.get(self.kind, ()))
        envelope_whole = all(one in body for one in ("received_at", "correlation_ids"))
        self.simulated = body.get("simulated", False if envelope_whole else None)
        times = [self.content.get("received_at"), body.get("received_at"), "2026-01-01T00:00:00.000Z"]
        self.time = next(one for one in times if one not in NO_TIME)
        if not self.time.endswith("Z"):
            moment = datetime.fromisoformat(self.time).astimezone(timezone.utc)
            self.time = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
        self.radio = self.kind in ("uplink", "normalized")
        self.port = int(self.content.get("f_port", 0)) or None
        self.count = self.content.get("f_cnt", 0 if whole else None)
        self.confirmed = self.content.get("confirmed", False if whole else None)
        self.gateways = len(self.content["rx_metadata"]) if "rx_metadata" in self.content else 0 if whole else None
        self.payload = self.content.get("frm_payload")
        self.fields = self.content.get({"uplink": "decoded_payload", "normalized": "normalized_payload", "location": "location",
                                        "service": "data"}.get(self.kind, ""), {})
        self.id = letter + "-" + self.key(letter, body)

    def key(self, letter, body):
        if body.get("simulated"):
            return "a" * 32
        inner, outer = moment(self.content.get("received_at")), moment(body.get("received_at"))
        if self.kind == "uplink" and inner:
            return digest(letter, self.application, self.device, *inner)
        payload = self.content.get({"normalized": "normalized_payload", "service": "data"}.get(self.kind, ""))
        at = inner if self.kind == "normalized" else outer
        if payload is not None and at:
            return digest(letter, self.application, self.device, *at, hashlib.sha256(canonical(payload).encode()).digest())
        if self.kind == "location" and outer:
            return digest(letter, self.application, self.device, *outer, self.content.get("service", ""))
        if self.kind == "join" and self.content.get("session_key_id"):
            return digest(letter, self.application, self.device, self.content["session_key_id"])
        return "a" * 32

    def best(self):
        """rssi and snr of the best gateway."""
        receptions = self.content.get("rx_metadata", [])
        best = max(receptions, key=lambda one: (one.get("snr", 0.0), one.get("rssi", 0.0)), default={})
        snr = best.get("snr", number("0") if "rssi" in best else None)
        return best.get("rssi"), snr

    def data_rate(self):
        rate = self.content.get("settings", {}).get("data_rate", {})
        if lora := rate.get("lora"):
            hertz = int(lora["bandwidth"]) / 1000
            return f"SF{int(lora['spreading_factor'])}BW{hertz:g}"
        if "fsk" in rate:
            return f"FSK{int(rate['fsk']['bit_rate'])}"
        if "lrfhss" in rate:
            return f"LRFHSS{int(rate['lrfhss']['operating_channel_width'])}"
        return None

    def properties(self):
        return {"applicationId": self.application, "deviceId": self.device, **({"devEui": self.eui} if self.eui else {}),
                **({"fPort": str(self.port)} if self.radio and self.port else {}), "event": self.kind,
                **({} if self.simulated is None else {"simulated": "true" if self.simulated else "false"}),
                "iothub-creation-time-utc": self.time}


def drop_none(members):
    return {key: value for key, value in members.items() if value is not None}


def flat(e, fields=None):
    fields = e.fields if fields is None else fields
    own = {"applicationId": e.application, "deviceId": e.device, "devEui": e.eui}
    if e.radio:
        own |= {"fPort": e.port and number(str(e.port)), "fCnt": e.count if e.count is None else number(str(int(e.count)))}
    own["receivedAt"] = e.time
    if e.radio:
        rssi, snr = e.best()
        stand_in = None if e.kind != "uplink" or "decoded_payload" in e.content else e.content.get("normalized_payload")
        own |= {"payload": e.payload, "normalizedPayload": stand_in, "rssi": rssi, "snr": snr, "dataRate": e.data_rate(),
                "gateways": None if e.gateways is None else number(str(e.gateways)), "confirmed": e.confirmed}
    own["simulated"] = e.simulated
    key = "lorawan"
    while key in fields:
        key += "_"
    return dump({**fields, key: drop_none(own)}), e.properties()


SPELLINGS = ["lat lon alt", "lat lng alt", "lat long alt", "latitude longitude altitude", "Latitude Longitude Altitude",
             "latitudeDeg longitudeDeg altitude height", "gps_lat gps_lng gps_alt gpsalt"]


def position(fields):
    for spelling in SPELLINGS:
        lat, lon, *alt = [fields.get(one) for one in spelling.split()]
        if not isinstance(lat, number) or not isinstance(lon, number):
            continue
        if abs(lat) > 90 or abs(lon) > 180 or lat == lon == 0:
            continue
        return {"lat": lat, "lon": lon} | {"alt": one for one in alt[::-1] if isinstance(one, number)}
    return {}


def with_location(fields, outermost=True):
    out = {key: with_location(value, False) if isinstance(value, dict) else value for key, value in fields.items()}
    found = position(fields)
    if not found:
        return out
    if outermost:
        return out if "location" in out else {**out, "location": found}
    if any(one in fields and fields[one] != found[one] for one in ("lat", "lon")):
        return out
    return {**out, **{key: value for key, value in found.items() if key not in out}}


def flat_iot_central(e):
    return flat(e, with_location(e.fields))


def things_stack(e):
    return e.raw, e.properties()


def gps(fields):
    out = {}
    for key, value in fields.items():
        short = {"latitude": "lat", "longitude": "lon", "altitude": "alt"}.get(key.lower())
        if short and short not in fields and not isinstance(value, (dict, list)):
            out[short] = value
        out[key] = gps(value) if isinstance(value, dict) else value
    return out


def devmobile(e):
    seconds = e.time[:19]
    base = {"ApplicationID": e.application, "DeviceEUI": e.eui, "DeviceID": e.device, "Port": number(str(e.port)) if e.radio and e.port else None,
            "Simulated": bool(e.simulated), "ReceivedAtUtc": seconds, "PayloadRaw": e.payload if e.radio else None}
    body = drop_none(base)
    for key, value in e.fields.items():
        name = key
        while name in base or (name != key and name in e.fields):
            name += "_"
        body[name] = gps(value) if key.lower().startswith("gps_") and isinstance(value, dict) else value
    properties = drop_none({"iothub-creation-time-utc": seconds, "ApplicationId": e.application, "DeviceEUI": e.eui, "DeviceId": e.device,
                            "port": str(e.port) if e.radio and e.port else None, "Simulated": str(bool(e.simulated)),
                            "event": None if e.kind == "uplink" else e.kind})
    return dump(body), properties


FORMATS = {"flat": flat, "flat-iot-central": flat_iot_central, "things-stack": things_stack, "devmobile": devmobile}


def message(name, e):
    body, properties = FORMATS[name](e)
    lines = ["outcome: stored", "", "message-id: " + e.id]
    if name != "devmobile":
        lines += ["content-type: application/json", "content-encoding: utf-8"]
    lines += [f"property {key}: {value}" for key, value in properties.items()]
    return "\n".join(lines) + "\nbody: " + body + "\n"


def expected(name, sample):
    """None: an outcome without a message, which only its first line tells."""
    if not any(f'"{kind}"' in sample for kind in KINDS):
        return None
    e = event(sample)
    if e.radio and not e.port and not any(e.content.get(one) is not None for one in ("frm_payload", "decoded_payload", "normalized_payload")):
        return "outcome: control\n"
    return message(name, e)


def main():
    faults = compared = 0
    for name in FORMATS:
        for file in sorted((DATA / "golden" / name).iterdir()):
            [source] = (DATA / "things-stack").glob(file.stem + ".*")
            golden, sample = file.read_text(encoding="utf-8"), source.read_text(encoding="utf-8")
            if golden.startswith(("outcome: refused", "outcome: unwanted")):
                continue
            compared += 1
            opinion = expected(name, sample)
            if opinion != golden:
                faults += 1
                print(f"{file.relative_to(DATA)}:\n--- golden\n{golden}--- second opinion\n{opinion}")
    print(f"{compared} golden files looked at, {faults} faults")
    return 1 if faults or compared < 80 else 0


if __name__ == "__main__":
    sys.exit(main())
