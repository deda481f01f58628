// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from "preact/hooks";
import { Device, gather } from "../api";
import { count, plural, time, words } from "../format";
import { DeviceLink, deviceStates, Pager, State, Table, Trouble } from "../parts";
import { go, useLoaded, useShared } from "../store";

const size = 50;

export function DevicesPage({ asked }: { asked: URLSearchParams }) {
  const { status } = useShared();
  const state = asked.get("state") ?? "";
  const application = asked.get("application") ?? "";
  const search = asked.get("search") ?? "";
  const [typed, setTyped] = useState(search);
  // Where each page begins: the API goes forward only.
  const [begins, setBegins] = useState<(number | null)[]>([null]);
  const ask = (change: Record<string, string>) => {
    setBegins([null]);
    go("devices", { state, application, search, ...change });
  };
  useEffect(() => setTyped(search), [search]);
  useEffect(() => setBegins([null]), [state, application, search]);
  useEffect(() => {
    if (typed.trim() === search) return undefined;
    const timer = setTimeout(() => ask({ search: typed.trim() }), 250);
    return () => clearTimeout(timer);
  }, [typed]);
  const after = begins[begins.length - 1];
  const page = useLoaded(
    JSON.stringify([state, application, search, after]),
    (signal) => gather<Device>("/api/devices", "devices", { state, application, search, after }, size, signal),
    5000,
  );
  const devices = page.value?.items ?? [];
  const all = status && !search && !application ? (state ? (status.devices_by_state[state] ?? 0) : status.devices) : null;
  const first = (begins.length - 1) * size;
  const shown = devices.length === 0 ? "No device" : `${count(first + 1)} to ${count(first + devices.length)}${all === null ? "" : ` of ${plural(all, "device")}`}`;
  const applications = status?.spool.applications.map((one) => one.application) ?? [];
  return (
    <>
      <div class="title">
        <h1>Devices</h1>
      </div>
      <form class="filters" role="search" onSubmit={(event) => (event.preventDefault(), ask({ search: typed.trim() }))}>
        <label class="wide">
          <span>Search</span>
          <input type="search" value={typed} placeholder="a part of the id or the EUI" onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
        <label>
          <span>State</span>
          <select value={state} onChange={(event) => ask({ state: event.currentTarget.value })}>
            <option value="">any</option>
            {deviceStates.map((one) => (
              <option key={one} value={one}>
                {one}
                {status ? ` (${count(status.devices_by_state[one] ?? 0)})` : ""}
              </option>
            ))}
          </select>
        </label>
        <label>
          <span>Application</span>
          <select value={application} onChange={(event) => ask({ application: event.currentTarget.value })}>
            <option value="">any</option>
            {applications.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </form>
      <Trouble of={page.fault} />
      <div class="card">
        <Table label="Devices" class="list" head={["Device", "State", "EUI", "Hub", "Last seen", "Waiting", "Sent", "Why"]} empty={page.busy ? "Looking…" : "No device is like that."}>
          {devices.map((one) => (
            <tr key={`${one.application}/${one.device}`}>
              <th scope="row">
                <DeviceLink application={one.application} device={one.device} />
                <small>{one.application}</small>
              </th>
              <td>
                <State of={one.state} />
              </td>
              <td>
                <code>{one.dev_eui ?? "–"}</code>
              </td>
              <td>{one.hub ?? <span class="none">–</span>}</td>
              <td class="t">{time(one.last_seen)}</td>
              <td class="n">{count(one.waiting)}</td>
              <td class="n">{count(one.sent)}</td>
              <td class="why">{one.reason ? words(one.reason) : (one.waits_for ?? "")}</td>
            </tr>
          ))}
        </Table>
        <Pager
          page={begins.length - 1}
          more={page.value?.next !== null && page.value !== null}
          busy={page.busy && page.value === null}
          shown={shown}
          back={() => setBegins(begins.slice(0, -1))}
          on={() => setBegins([...begins, page.value?.next ?? null])}
        />
      </div>
    </>
  );
}
