// SPDX-License-Identifier: Apache-2.0
import { useState } from "preact/hooks";
import { ask, Command, gather } from "../api";
import { bytes, count, plural, time, words } from "../format";
import { DeviceLink, State, Table, Trouble } from "../parts";
import { go, useLoaded, useShared } from "../store";

const inFlight = ["stored", "pushing", "queued", "sent", "nacked"];
const others = ["acknowledged", "failed", "expired", "cancelled", "replaced", "no_word", "in_doubt"];
const most = 200;

// How far it has come: the way of most commands, and where this one stands on it.
function Steps({ of }: { of: Command }) {
  const way = of.confirmed ? ["stored", "pushing", "queued", "sent", "acknowledged"] : ["stored", "pushing", "queued", "sent"];
  const at = of.state === "nacked" ? 3 : way.indexOf(of.state);
  return (
    <span class={`steps ${at < 0 ? "aside" : ""}`} aria-hidden="true">
      {way.map((step, i) => (
        <span key={step} class={i <= at ? "done" : ""} />
      ))}
    </span>
  );
}

function Details({ of }: { of: Command }) {
  const loaded = useLoaded(of.command, (signal) => ask<Command>(`/api/commands/${encodeURIComponent(of.command)}`, "GET", signal), 2000);
  const ids: [string, string | null][] = [
    ["command", of.command],
    ["message-id", of.message_id],
    ["correlation-id", of.correlation_id],
    ["item at the stack", of.item],
  ];
  return (
    <div class="details">
      <Trouble of={loaded.fault} />
      <ol>
        {(loaded.value?.steps ?? []).map((step, i) => (
          <li key={i}>
            <time>{time(step.at)}</time> {words(step.state)}
            {step.f_cnt !== null && <small> frame {step.f_cnt}</small>}
            {step.attempt !== null && <small> attempt {step.attempt}</small>}
          </li>
        ))}
      </ol>
      <dl class="ids">
        {ids.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <code>{value}</code>
                </dd>
              </div>
            ),
        )}
      </dl>
    </div>
  );
}

export function CommandTable({ commands, again, ofOne, empty }: { commands: Command[]; again: () => void; ofOne?: boolean; empty: string }) {
  const { mayChange } = useShared();
  const [open, setOpen] = useState<string | null>(null);
  const [told, setTold] = useState<{ text: string; bad: boolean } | null>(null);
  const cancel = (of: Command) =>
    ask(`/api/commands/${encodeURIComponent(of.command)}`, "DELETE").then(
      () => {
        setTold({ text: `The command for ${of.device} is called off.`, bad: false });
        again();
      },
      (why: Error) => setTold({ text: why.message, bad: true }),
    );
  return (
    <>
      <p class={`told ${told ? (told.bad ? "notice bad" : "notice") : ""}`} role="status" aria-live="polite">
        {told?.text}
      </p>
      <Table label="Commands" class="list" head={[ofOne ? "Stored" : "Device", "State", "Step", "From", "Port", "Size", "Last change", "Said of it", "Actions"]} empty={empty}>
        {commands.flatMap((one) => [
          <tr key={one.command}>
            <th scope="row">
              {ofOne ? (
                time(one.stored_at)
              ) : (
                <>
                  <DeviceLink application={one.application} device={one.device} />
                  <small>{one.application}</small>
                </>
              )}
            </th>
            <td>
              <State of={one.state} what="command" />
            </td>
            <td>
              <Steps of={one} />
            </td>
            <td>{one.source}</td>
            <td class="n">{one.port ?? "–"}</td>
            <td class="n">{bytes(one.payload_bytes)}</td>
            <td class="t">{time(one.changed_at)}</td>
            <td class="why">{one.error ?? (one.nacks ? plural(one.nacks, "nack") : "")}</td>
            <td class="do">
              <button type="button" class="small" aria-expanded={open === one.command} onClick={() => setOpen(open === one.command ? null : one.command)}>
                Steps<span class="hidden"> of the command for {one.device}</span>
              </button>
              {mayChange && one.state === "stored" && (
                <button type="button" class="small" onClick={() => void cancel(one)}>
                  Call off<span class="hidden"> the command for {one.device}</span>
                </button>
              )}
            </td>
          </tr>,
          open === one.command && (
            <tr key={`${one.command}-steps`} class="below">
              <td colSpan={9}>
                <Details of={one} />
              </td>
            </tr>
          ),
        ])}
      </Table>
    </>
  );
}

export function CommandsPage({ asked }: { asked: URLSearchParams }) {
  const { status } = useShared();
  const state = asked.get("state") ?? "";
  const counts = status?.commands.in_state ?? {};
  const wanted = state ? [state] : inFlight.filter((one) => counts[one]);
  const page = useLoaded(
    JSON.stringify([state, wanted]),
    async (signal) => {
      const found = await Promise.all(wanted.map((one) => gather<Command>("/api/commands", "commands", { state: one }, most, signal)));
      return { items: found.flatMap((one) => one.items), more: found.some((one) => one.next !== null) };
    },
    2000,
  );
  const sum = inFlight.reduce((all, one) => all + (counts[one] ?? 0), 0);
  const chip = (name: string, text: string, n: number) => (
    <button key={name} type="button" class="chip" aria-pressed={state === name} onClick={() => go("commands", { state: name })}>
      {text} <b>{count(n)}</b>
    </button>
  );
  return (
    <>
      <div class="title">
        <h1>Commands</h1>
      </div>
      <div class="chips" role="group" aria-label="State">
        {chip("", "in flight", sum)}
        {inFlight.map((one) => chip(one, words(one), counts[one] ?? 0))}
        <span class="gap" />
        {others.map((one) => chip(one, words(one), counts[one] ?? 0))}
      </div>
      <Trouble of={page.fault} />
      <div class="card">
        <CommandTable commands={page.value?.items ?? []} again={page.again} empty={page.busy && !page.value ? "Looking…" : state ? "No command is in this state." : "No command is in flight."} />
        {page.value?.more && <p class="after">The first {count(most)} of each state are shown; `causeway commands list` has all.</p>}
      </div>
    </>
  );
}
