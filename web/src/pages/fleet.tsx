// SPDX-License-Identifier: Apache-2.0
import { Status } from "../api";
import { Chart, Line } from "../chart";
import { bytes, count, ms, plural, rate, shortMs, span } from "../format";
import { BudgetCell, Card, deviceStates, FaultText, State, Table, Tile } from "../parts";
import { useShared } from "../store";

const flow: Line[] = [
  { name: "stored", column: 1, colour: "--series-a", fill: true },
  { name: "sent", column: 2, colour: "--series-b" },
];
const latency: Line[] = [
  { name: "p50", column: 5, colour: "--series-a" },
  { name: "p99", column: 6, colour: "--series-c" },
];
const backlog: Line[] = [{ name: "waiting", column: 3, colour: "--series-d", fill: true }];

function sentence(of: Status): string {
  const online = of.devices_by_state.online ?? 0;
  if (of.devices === 0) return "No device is known yet.";
  const left = (of.devices_by_state.provisioning ?? 0) + (of.devices_by_state.attaching ?? 0);
  const there = `${count(online)} of ${plural(of.devices, "device")} online`;
  if (left === 0) return online === of.devices ? `All ${plural(of.devices, "device")} online.` : `${there}; none is on its way.`;
  if (of.seconds_to_all_online === null) return `${there}; ${count(left)} on the way, and nobody can say for how long: a service does not answer.`;
  return `${there}; ${count(left)} on the way, the last in about ${span(of.seconds_to_all_online)}.`;
}

function States({ of }: { of: Status }) {
  const all = Math.max(1, of.devices);
  return (
    <Card title="Devices" actions={<a href="#/devices">All devices</a>}>
      <p class="lead" role="status">
        {sentence(of)}
      </p>
      <div class="stack" aria-hidden="true">
        {deviceStates.map((state) => {
          const n = of.devices_by_state[state] ?? 0;
          return n > 0 && <span key={state} class={`device-${state}`} style={{ flexGrow: Math.max(n / all, 0.004) }} />;
        })}
      </div>
      <ul class="states">
        {deviceStates.map((state) => (
          <li key={state} class={of.devices_by_state[state] ? "" : "zero"}>
            <a href={`#/devices?state=${state}`}>
              <State of={state} />
              <b>{count(of.devices_by_state[state] ?? 0)}</b>
            </a>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Services({ of }: { of: Status }) {
  return (
    <>
      <Card title="Hubs">
        <Table
          label="Hubs"
          head={["Hub", "Online", "Queued", "Connections", "Connects a second", "Sends a second", "Sends waiting", "State"]}
          empty="No device has a hub yet."
        >
          {of.hubs.map((hub) => (
            <tr key={hub.host}>
              <th scope="row">{hub.host}</th>
              <td class="n">
                {count(hub.online)}
                <small> of {count(hub.devices)}</small>
              </td>
              <td class="n">{count(hub.queued)}</td>
              <td class="n">
                {count(hub.connections)}
                {hub.connections_lost > 0 && <small> {count(hub.connections_lost)} lost</small>}
              </td>
              <td>
                <BudgetCell limit={hub.connects_a_second.limit} quota={hub.connects_a_second.quota} held={hub.connects_a_second.held_seconds} />
              </td>
              <td>
                <BudgetCell limit={hub.sends_a_second.limit} quota={hub.sends_a_second.quota} held={hub.sends_a_second.held_seconds} />
              </td>
              <td class="n">{count(hub.sends_waiting)}</td>
              <td>{hub.quota_used_up ? <span class="fault">the day's messages are used up</span> : <FaultText of={hub.fault} />}</td>
            </tr>
          ))}
        </Table>
      </Card>
      {of.dps.length > 0 && (
        <Card title="Device provisioning">
          <Table label="Device provisioning" head={["Section", "In progress", "Waiting", "Assigned", "Refused", "Registrations a minute", "State"]}>
            {of.dps.map((one) => (
              <tr key={one.section}>
                <th scope="row">{one.section}</th>
                <td class="n">{count(one.in_progress)}</td>
                <td class="n">{count(one.waiting)}</td>
                <td class="n">{count(one.assigned)}</td>
                <td class="n">{count(one.refused)}</td>
                <td>
                  <BudgetCell limit={one.registrations_a_minute.limit} quota={one.registrations_a_minute.quota} held={one.registrations_a_minute.held_seconds} />
                </td>
                <td>
                  <FaultText of={one.fault} />
                </td>
              </tr>
            ))}
          </Table>
        </Card>
      )}
    </>
  );
}

function Applications({ of }: { of: Status }) {
  return (
    <Card title="Applications">
      <Table label="Applications" head={["Application", "Registry", "Events by MQTT", "Waiting", "On disk", "Dead letters", "Refused"]}>
        {of.spool.applications.map((one) => {
          const registry = of.registry.find((other) => other.application === one.application);
          const mqtt = of.mqtt.find((other) => other.application === one.application);
          return (
            <tr key={one.application}>
              <th scope="row">
                <a href={`#/devices?application=${encodeURIComponent(one.application)}`}>{one.application}</a>
              </th>
              <td>
                {!registry ? (
                  <span class="none">no API key</span>
                ) : registry.fault ? (
                  <FaultText of={registry.fault} />
                ) : (
                  <>
                    {count(registry.devices)} <small>{registry.whole ? "listed" : "so far"}</small>
                  </>
                )}
              </td>
              <td>{!mqtt ? <span class="none">–</span> : mqtt.connected ? <span class="good">connected for {span(mqtt.since_seconds)}</span> : <FaultText of={mqtt.fault ?? { error: "away", detail: span(mqtt.since_seconds) }} />}</td>
              <td class="n">{count(one.messages)}</td>
              <td class="n">{bytes(one.bytes)}</td>
              <td class="n">{one.dead_letters ? <a href={`#/dead-letters?application=${encodeURIComponent(one.application)}`}>{count(one.dead_letters)}</a> : "0"}</td>
              <td class="n">{count(one.refused)}</td>
            </tr>
          );
        })}
      </Table>
    </Card>
  );
}

export function FleetPage() {
  const { status, points } = useShared();
  if (!status)
    return (
      <>
        <h1>Fleet</h1>
        <p class="empty">Waiting for the gateway…</p>
      </>
    );
  const last = points[points.length - 1];
  const busy = Object.entries(status.commands.in_state)
    .filter(([state]) => ["stored", "pushing", "queued", "sent", "nacked"].includes(state))
    .reduce((sum, [, n]) => sum + n, 0);
  return (
    <>
      <div class="title">
        <h1>Fleet</h1>
        {status.ready ? <span class="badge good">ready</span> : <span class="badge bad">not ready: {status.not_ready_because}</span>}
      </div>
      <dl class="tiles">
        <Tile name="Stored a second" value={rate(last?.[1] ?? status.messages.stored_a_second)} note="events, onto the disk" />
        <Tile name="Sent a second" value={rate(last?.[2] ?? status.messages.sent_a_second)} note="messages, accepted by hubs" />
        <Tile name="Latency, median" value={ms(last?.[5] ?? null)} note={`99 %: ${ms(last?.[6] ?? null)}`} />
        <Tile name="Waiting" value={count(status.messages.waiting)} note={status.spool.oldest_seconds === null ? "nothing is late" : `the oldest for ${span(status.spool.oldest_seconds)}`} tone={(status.spool.oldest_seconds ?? 0) > 300 ? "warn" : undefined} />
        <Tile name="Commands in flight" value={<a href="#/commands">{count(busy)}</a>} note={`${count(status.commands.received)} since the start`} />
        <Tile name="Dead letters" value={<a href="#/dead-letters">{count(status.spool.dead_letters)}</a>} note={status.spool.dead_letters ? "kept until replayed or dropped" : "none"} tone={status.spool.dead_letters ? "warn" : undefined} />
      </dl>
      <States of={status} />
      <section class="charts" aria-label="The last hour">
        <Chart title="Messages a second" points={points} lines={flow} format={rate} />
        <Chart title="Latency to the hub" points={points} lines={latency} format={shortMs} />
        <Chart title="Messages waiting" points={points} lines={backlog} format={count} />
      </section>
      <Services of={status} />
      <Applications of={status} />
    </>
  );
}
