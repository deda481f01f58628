// SPDX-License-Identifier: Apache-2.0
// The admin API (docs/admin-api.md) as the pages use it.

export type Fault = { error: string; detail: string } | null;
export type Budget = { limit: number; quota: number; refused: number; held_seconds: number };

export interface Hub {
  host: string;
  devices: number;
  online: number;
  queued: number;
  connections: number;
  connections_lost: number;
  connects_a_second: Budget;
  sends_a_second: Budget;
  sends_waiting: number;
  quota_used_up: boolean | number;
  fault: Fault;
}
export interface Dps {
  section: string;
  in_progress: number;
  waiting: number;
  assigned: number;
  refused: number;
  requests: number;
  registrations_a_minute: Budget;
  fault: Fault;
}
export interface SpoolUse {
  application: string;
  messages: number;
  bytes: number;
  dead_letters: number;
  refused: number;
  dropped: number;
}
export interface Status {
  version: string;
  ready: boolean;
  not_ready_because?: string;
  uptime_seconds: number;
  devices: number;
  devices_by_state: Record<string, number>;
  seconds_to_all_online: number | null;
  hubs: Hub[];
  dps: Dps[];
  registry: { application: string; whole: boolean; devices: number; requests: number; throttled: number; fault: Fault }[];
  mqtt: { application: string; connected: boolean; since_seconds: number; messages: number; waiting: number; fault: Fault }[];
  spool: { messages: number; bytes: number; oldest_seconds: number | null; applications: SpoolUse[]; dead_letters: number; last_commit_ms: number };
  messages: { sent: number; resent: number; dead_lettered: number; waiting: number; stored_a_second: number; sent_a_second: number };
  commands: { received: number; in_state: Record<string, number>; pushes_under_way: number };
  loop_lag_ms: number;
}
export interface Span {
  device?: string | null;
  phase: string;
  begin: string;
  begin_ms: number;
  ms: number;
  connection?: number;
  fault?: string;
}
export interface Device {
  application: string;
  device: string;
  dev_eui: string | null;
  state: string;
  state_seconds: number;
  identity: string | null;
  hub: string | null;
  section: string | null;
  through_dps: boolean;
  assigned_at: string | null;
  model_id: string | null;
  listed: boolean;
  deleted: boolean;
  integration: boolean | null;
  paused: boolean;
  reason: string | null;
  reason_detail: string | null;
  waits_for: string | null;
  waits_seconds: number | null;
  next_try_seconds: number | null;
  failures: number;
  waiting: number;
  grace_seconds: number | null;
  in_flight: boolean;
  sent: number;
  last_seen: string | null;
  frames: { last: number; missing: number; late: number };
}
export interface OneDevice extends Device {
  why: string;
  way: Span[];
  commands: Command[];
}
export interface Command {
  command: string;
  application: string;
  device: string;
  source: string;
  state: string;
  stored_at: string | null;
  changed_at: string | null;
  port: number | null;
  confirmed: boolean;
  priority: string;
  payload_bytes: number;
  message_id: string | null;
  correlation_id: string | null;
  item: string | null;
  nacks: number;
  error: string | null;
  steps?: { state: string; at: string; f_cnt: number | null; attempt: number | null }[];
}
export interface Letter {
  id: number;
  at: string;
  application: string;
  device: string;
  kind: string;
  reason: string;
  detail: string;
  bytes: number;
}
export interface Key {
  key: string;
  value?: unknown;
  secret?: true;
  by?: string | null;
  where?: string | null;
  given: boolean;
}
export type Point = [number, number, number, number, number, number | null, number | null, number];

export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly name: string,
    message: string,
  ) {
    super(message);
  }
}

const tokenKey = "causeway.token";
export const token = {
  get: () => sessionStorage.getItem(tokenKey),
  set: (value: string) => sessionStorage.setItem(tokenKey, value),
  clear: () => sessionStorage.removeItem(tokenKey),
};

function headers(): HeadersInit {
  const shown = token.get();
  return shown ? { Authorization: `Bearer ${shown}` } : {};
}

export async function ask<T>(path: string, method = "GET", signal?: AbortSignal): Promise<T> {
  const answer = await fetch(path, { method, headers: headers(), signal, credentials: "omit", cache: "no-store" });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text) as T;
  let name = `HTTP ${answer.status}`;
  let message = text.trim();
  try {
    const told = JSON.parse(text) as { error: string; message: string };
    name = told.error;
    message = told.message;
  } catch {
    // plain text, as it is
  }
  throw new Refusal(answer.status, name, message);
}

export function query(of: Record<string, string | number | null | undefined>): string {
  const all = new URLSearchParams();
  for (const [name, value] of Object.entries(of)) if (value !== undefined && value !== null && value !== "") all.set(name, String(value));
  const text = all.toString();
  return text ? `?${text}` : "";
}

// Pages may be short, or empty, and yet have a next one: asks on until there are `limit`, or all.
export async function gather<T>(
  path: string,
  list: string,
  of: Record<string, string | number | null | undefined>,
  limit: number,
  signal: AbortSignal,
): Promise<{ items: T[]; next: number | null }> {
  const items: T[] = [];
  let after = of.after;
  for (;;) {
    const page = await ask<Record<string, unknown>>(path + query({ ...of, after, limit: limit - items.length }), "GET", signal);
    items.push(...(page[list] as T[]));
    const next = page.next as number | null;
    if (next === null || items.length >= limit) return { items, next };
    after = next;
  }
}

// Server-sent events, by fetch: an EventSource cannot show the token.
export async function listen(signal: AbortSignal, heard: (data: string) => void): Promise<void> {
  const answer = await fetch("/api/live", { headers: headers(), signal, credentials: "omit", cache: "no-store" });
  if (!answer.ok || !answer.body) throw new Refusal(answer.status, `HTTP ${answer.status}`, "the gateway does not stream");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      const data = rest
        .slice(0, end)
        .split("\n")
        .filter((line) => line.startsWith("data: "))
        .map((line) => line.slice(6))
        .join("\n");
      rest = rest.slice(end + 2);
      if (data) heard(data);
    }
  }
}
