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


def digest(*parts):
    text = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hashlib.sha256(text).hexdigest()[:32]


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
        self.simulated = body.get("simulated", False)
        times = [self.content.get("received_at"), body.get("received_at"), "2026-01-01T00:00:00.000Z"]
        self.time = next(one for one in times if one not in NO_TIME)
        if not self.time.endswith("Z"):
            moment = datetime.fromisoformat(self.time).astimezone(timezone.utc)
            self.time = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
        self.radio = self.kind in ("uplink", "normalized")
        self.port = int(self.content.get("f_port", 0))
        self.count = int(self.content.get("f_cnt", 0))
        self.payload = self.content.get("frm_payload")
        self.fields = self.content.get({"uplink": "decoded_payload", "normalized": "normalized_payload", "location": "location",
                                        "service": "data"}.get(self.kind, ""), {})
        self.id = letter + "-" + self.key(letter, body)

    def key(self, letter, body):
        session = self.content.get("session_key_id")
        if self.kind == "uplink" and session and self.content.get("received_at") not in NO_TIME:
            return digest(letter, self.application, self.device, session, str(self.count), self.content["received_at"])
        if self.kind == "join" and session:
            return digest(letter, self.application, self.device, session)
        names = [one for one in body.get("correlation_ids", []) if re.match("(gs|pba):uplink:", one)]
        if self.kind == "location" and self.content.get("service") and names:
            return digest(letter, self.application, self.device, self.content["service"], names[0])
        return "a" * 32

    def best(self):
        """rssi, snr of the best gateway, and their number."""
        receptions = self.content.get("rx_metadata", [])
        best = max(receptions, key=lambda one: (one.get("snr", 0.0), one.get("rssi", 0.0)), default={})
        snr = best.get("snr", number("0") if "rssi" in best else None)
        return best.get("rssi"), snr, len(receptions)

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
                **({"fPort": str(self.port)} if self.radio else {}), "event": self.kind,
                "simulated": "true" if self.simulated else "false", "iothub-creation-time-utc": self.time}


def drop_none(members):
    return {key: value for key, value in members.items() if value is not None}


def flat(e, fields=None):
    fields = e.fields if fields is None else fields
    own = {"applicationId": e.application, "deviceId": e.device, "devEui": e.eui}
    if e.radio:
        own |= {"fPort": number(str(e.port)), "fCnt": number(str(e.count))}
    own["receivedAt"] = e.time
    if e.radio:
        rssi, snr, gateways = e.best()
        own |= {"payload": e.payload, "rssi": rssi, "snr": snr, "dataRate": e.data_rate(), "gateways": number(str(gateways)),
                "confirmed": e.content.get("confirmed", False)}
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
    base = {"ApplicationID": e.application, "DeviceEUI": e.eui, "DeviceID": e.device, "Port": number(str(e.port)) if e.radio else None,
            "Simulated": e.simulated, "ReceivedAtUtc": seconds, "PayloadRaw": e.payload if e.radio else None}
    body = drop_none(base)
    for key, value in e.fields.items():
        name = key
        while name in base or (name != key and name in e.fields):
            name += "_"
        body[name] = gps(value) if key.lower().startswith("gps_") and isinstance(value, dict) else value
    properties = drop_none({"iothub-creation-time-utc": seconds, "ApplicationId": e.application, "DeviceEUI": e.eui, "DeviceId": e.device,
                            "port": str(e.port) if e.radio else None, "Simulated": str(e.simulated),
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
    if e.kind == "uplink" and e.port == 0:
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
