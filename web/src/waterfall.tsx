// SPDX-License-Identifier: Apache-2.0
// A device's last way to its hub, a bar a phase; what its connection did is in it, marked.
import { Span } from "./api";
import { ms } from "./format";

const meanings: Record<string, string> = {
  "dps.queue": "waits for its turn within the quota of registrations",
  "dps.register": "request to DPS",
  "dps.wait": "DPS has asked to wait",
  "dps.poll": "asks DPS for the assignment",
  "hub.queue": "waits for the hub's quota of connects, or for a connection",
  dns: "name of the hub",
  tcp: "TCP connection",
  tls: "TLS handshake",
  open: "AMQP OPEN",
  "cbs.link": "links for tokens",
  cbs: "the device's token",
  attach: "session and links",
  first_send: "first message",
};

const kind = (phase: string) => (phase.startsWith("dps") ? "dps" : phase === "first_send" ? "send" : phase === "hub.queue" ? "queue" : phase === "cbs" || phase === "attach" ? "device" : "line");

export function Waterfall({ spans }: { spans: Span[] }) {
  const own = spans.filter((one) => one.device !== undefined);
  const first = own.length ? Math.min(...own.map((one) => one.begin_ms)) : 0;
  // A connection that stood long before the device came is no part of its way.
  const shown = spans.filter((one) => one.device !== undefined || one.begin_ms + one.ms >= first);
  if (!shown.length) return <p class="empty">No way to a hub is in the timeline: the device has not been connected yet, or the ring has forgotten it.</p>;
  const zero = Math.min(...shown.map((one) => one.begin_ms));
  const end = Math.max(...shown.map((one) => one.begin_ms + one.ms));
  const length = Math.max(end - zero, 0.001);
  const marks = [0, 0.25, 0.5, 0.75, 1];
  return (
    <div class="waterfall">
      <p class="sum">
        {ms(length)} from the first wait to the last step{shown.some((one) => one.fault) ? ", not all of it well" : ""}.
      </p>
      <div class="ruler" aria-hidden="true">
        {marks.map((one) => (
          <span key={one} style={{ left: `${one * 100}%` }}>
            {ms(length * one)}
          </span>
        ))}
      </div>
      <ol>
        {shown.map((one, i) => (
          <li key={i} class={one.fault ? "failed" : ""} title={meanings[one.phase]}>
            <span class="phase">
              {one.phase}
              {one.device === undefined && <small> shared</small>}
            </span>
            <span class="track" aria-hidden="true">
              <span class={`piece ${kind(one.phase)}`} style={{ left: `${((one.begin_ms - zero) / length) * 100}%`, width: `${(one.ms / length) * 100}%` }} />
            </span>
            <span class="took">
              {ms(one.ms)}
              {one.fault && <small class="fault"> {one.fault.replace(/_/g, " ")}</small>}
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
