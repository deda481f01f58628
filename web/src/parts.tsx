// SPDX-License-Identifier: Apache-2.0
// The pieces that pages are made of.
import { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Fault, Refusal } from "./api";
import { count, span, words } from "./format";

export const deviceStates = ["online", "attaching", "provisioning", "parked", "known", "unlisted", "off", "removed"];
export const stateMeanings: Record<string, string> = {
  online: "attached: messages flow",
  attaching: "its hub is known; waits for the connection or the hub's answer",
  provisioning: "its hub is being found",
  parked: "left alone until the next try, with a reason",
  known: "seen, nothing asked of Azure yet",
  unlisted: "has sent events, but the registry has not named it yet",
  off: "switched off in the registry",
  removed: "deleted from the registry, and nothing waits",
};

export function State({ of, what = "device" }: { of: string; what?: "device" | "command" }) {
  return (
    <span class={`state ${what}-${of}`} title={stateMeanings[of]}>
      <span class="dot" aria-hidden="true" />
      {words(of)}
    </span>
  );
}

export function Tile({ name, value, note, tone }: { name: string; value: ComponentChildren; note?: ComponentChildren; tone?: "bad" | "warn" }) {
  return (
    <div class={`tile ${tone ?? ""}`}>
      <dt>{name}</dt>
      <dd>
        <span class="figure">{value}</span>
        {note !== undefined && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

// A bar by CSSOM, which the page's policy lets pass.
export function Bar({ part, tone = "accent" }: { part: number; tone?: string }) {
  return (
    <span class={`bar ${tone}`} aria-hidden="true">
      <span style={{ width: `${Math.max(0, Math.min(1, part)) * 100}%` }} />
    </span>
  );
}

export function Facts({ of }: { of: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value === null || value === "" ? <span class="none">–</span> : value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Card({ title, children, actions, id }: { title: string; children: ComponentChildren; actions?: ComponentChildren; id?: string }) {
  const name = id ?? title.toLowerCase().replace(/[^a-z]+/g, "-");
  return (
    <section class="card" aria-labelledby={name}>
      <header>
        <h2 id={name}>{title}</h2>
        {actions}
      </header>
      {children}
    </section>
  );
}

// A wide table scrolls by itself, with the keyboard too.
export function Table({ label, head, children, empty, class: more }: { label: string; head: (string | JSX.Element)[]; children: ComponentChildren; empty?: ComponentChildren; class?: string }) {
  const rows = Array.isArray(children) ? children.flat().filter(Boolean).length : children ? 1 : 0;
  return (
    <div class="scroll" role="region" aria-label={`${label}, table`} tabIndex={0}>
      <table class={more}>
        <thead>
          <tr>
            {head.map((one, i) => (
              <th key={i} scope="col">
                {one}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows ? (
            children
          ) : (
            <tr>
              <td class="empty" colSpan={head.length}>
                {empty ?? "Nothing here."}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

export function Trouble({ of }: { of: Error | null }) {
  if (!of) return null;
  return (
    <p class="notice bad" role="alert">
      <strong>{of instanceof Refusal ? words(of.name) : "The gateway does not answer"}</strong> {of.message}
    </p>
  );
}

export function FaultText({ of }: { of: Fault }) {
  if (!of) return <span class="good">well</span>;
  return (
    <span class="fault" title={of.detail}>
      {words(of.error)}
      {of.detail && <small> {of.detail}</small>}
    </span>
  );
}

export function BudgetCell({ limit, quota, held }: { limit: number; quota: number; held: number }) {
  const slowed = limit < quota * 0.98;
  return (
    <span class="budget">
      <Bar part={quota > 0 ? limit / quota : 0} tone={slowed ? "warn" : "accent"} />
      <span>
        {count(Math.round(limit))}
        <small> of {count(Math.round(quota))}</small>
        {held > 0 && <small class="warn"> held {span(held)}</small>}
      </span>
    </span>
  );
}

export function Pager({ page, more, busy, shown, back, on }: { page: number; more: boolean; busy: boolean; shown: string; back: () => void; on: () => void }) {
  return (
    <nav class="pager" aria-label="Pages">
      <button type="button" onClick={back} disabled={page === 0 || busy}>
        Previous
      </button>
      <button type="button" onClick={on} disabled={!more || busy}>
        Next
      </button>
      <span role="status" aria-live="polite">
        {busy ? "Looking…" : shown}
      </span>
    </nav>
  );
}

export function Dialog({ title, children, onClose }: { title: string; children: ComponentChildren; onClose: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const of = box.current;
    if (of && !of.open) of.showModal();
  }, []);
  return (
    <dialog ref={box} aria-labelledby="dialog-title" onClose={onClose}>
      <h2 id="dialog-title">{title}</h2>
      {children}
    </dialog>
  );
}

export function DeviceLink({ application, device }: { application: string; device: string }) {
  return <a href={`#/devices/${encodeURIComponent(application)}/${encodeURIComponent(device)}`}>{device}</a>;
}
