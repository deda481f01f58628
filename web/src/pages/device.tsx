// SPDX-License-Identifier: Apache-2.0
import { ask, OneDevice } from "../api";
import { count, span, time, words } from "../format";
import { Card, Facts, State, Trouble } from "../parts";
import { useLoaded } from "../store";
import { Waterfall } from "../waterfall";
import { CommandTable } from "./commands";

export function DevicePage({ application, device }: { application: string; device: string }) {
  const loaded = useLoaded(
    `${application}/${device}`,
    (signal) => ask<OneDevice>(`/api/devices/${encodeURIComponent(application)}/${encodeURIComponent(device)}`, "GET", signal),
    2000,
  );
  const one = loaded.value;
  return (
    <>
      <p class="crumbs">
        <a href="#/devices">Devices</a> / <a href={`#/devices?application=${encodeURIComponent(application)}`}>{application}</a>
      </p>
      <div class="title">
        <h1>{device}</h1>
        {one && <State of={one.state} />}
      </div>
      <Trouble of={loaded.fault} />
      {one && (
        <>
          <p class={`why-line ${one.state === "parked" ? "warn" : ""}`} role="status">
            {one.why}
          </p>
          <div class="columns">
            <Card title="Identity">
              <Facts
                of={[
                  ["Identity in IoT Hub", one.identity],
                  ["EUI", one.dev_eui && <code>{one.dev_eui}</code>],
                  ["Model", one.model_id && <code>{one.model_id}</code>],
                  ["In the registry", one.deleted ? "deleted" : one.listed ? "listed" : "not named yet"],
                  ["Integration", one.integration === null ? "as its application" : one.integration ? "switched on" : "switched off"],
                ]}
              />
            </Card>
            <Card title="Assignment">
              <Facts
                of={[
                  ["Hub", one.hub],
                  ["Section", one.section],
                  ["Found by", one.hub && (one.through_dps ? "DPS, kept on disk" : "the configuration")],
                  ["Assigned", one.assigned_at && time(one.assigned_at)],
                  ["In this state for", span(one.state_seconds)],
                  ...(one.reason ? ([["Reason", `${words(one.reason)}${one.reason_detail ? `: ${one.reason_detail}` : ""}`]] as [string, string][]) : []),
                  ...(one.next_try_seconds !== null ? ([["Next try in", span(one.next_try_seconds)]] as [string, string][]) : []),
                  ...(one.failures ? ([["Failures in a row", count(one.failures)]] as [string, string][]) : []),
                ]}
              />
            </Card>
            <Card title="Uplinks">
              <Facts
                of={[
                  ["Last seen", time(one.last_seen)],
                  ["Last frame", count(one.frames.last)],
                  ["Frames missing, late", `${count(one.frames.missing)}, ${count(one.frames.late)}`],
                  ["Sent to the hub", count(one.sent)],
                  ["Waiting", `${count(one.waiting)}${one.in_flight ? ", the oldest is with the hub" : ""}`],
                  ...(one.grace_seconds !== null ? ([["Dead letters in", span(one.grace_seconds)]] as [string, string][]) : []),
                ]}
              />
              <p class="after">
                <a href={`#/dead-letters?application=${encodeURIComponent(application)}&device=${encodeURIComponent(device)}`}>Its dead letters</a>
              </p>
            </Card>
          </div>
          <Card title="Last way to its hub" id="waterfall">
            <Waterfall spans={one.way} />
          </Card>
          <Card title="Last commands">
            <CommandTable commands={one.commands} again={loaded.again} ofOne empty="No command has come for it, or all are forgotten." />
          </Card>
        </>
      )}
      {!one && loaded.busy && <p class="empty">Looking…</p>}
    </>
  );
}
