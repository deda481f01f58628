// SPDX-License-Identifier: Apache-2.0
// What all pages share: the status as it comes in, the last hour, who we are. One store, and hooks on it.
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { ask, listen, Point, Refusal, Status, token } from "./api";

export type Link = "connecting" | "live" | "lost" | "signed-out";
interface Shared {
  link: Link;
  status: Status | null;
  points: Point[];
  mayChange: boolean;
  hasToken: boolean;
}

export const shared: Shared = { link: "connecting", status: null, points: [], mayChange: false, hasToken: false };
const watchers = new Set<() => void>();

function change(by: Partial<Shared>) {
  Object.assign(shared, by);
  for (const one of watchers) one();
}

export function useShared(): Shared {
  const [, again] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    const look = () => again(undefined as never);
    watchers.add(look);
    return () => void watchers.delete(look);
  }, []);
  return shared;
}

const most = 720;
let running: AbortController | null = null;

async function once(signal: AbortSignal) {
  const access = await ask<{ may_change: boolean; has_token: boolean }>("/api/access", "GET", signal);
  const history = await ask<{ points: Point[] }>("/api/history", "GET", signal);
  change({ mayChange: access.may_change, hasToken: access.has_token, points: history.points });
  await listen(signal, (data) => {
    const told = JSON.parse(data) as { status: Status; point: Point | null };
    const last = shared.points[shared.points.length - 1];
    const fresh = told.point && (!last || told.point[0] > last[0]);
    change({
      link: "live",
      status: told.status,
      points: fresh ? [...shared.points, told.point as Point].slice(-most) : shared.points,
    });
  });
}

// Connects, and again whenever the stream ends, with growing pauses.
export async function follow() {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  let pause = 500;
  while (!mine.signal.aborted) {
    const began = Date.now();
    try {
      await once(mine.signal);
    } catch (why) {
      if (mine.signal.aborted) return;
      if (why instanceof Refusal && why.status === 401) {
        token.clear();
        change({ link: "signed-out", mayChange: false });
        return;
      }
    }
    if (mine.signal.aborted) return;
    change({ link: "lost" });
    pause = Date.now() - began > 10_000 ? 500 : Math.min(pause * 2, 10_000);
    await new Promise((done) => setTimeout(done, pause));
  }
}

// Throws when it is not the right one.
export async function signIn(value: string) {
  const before = token.get();
  token.set(value);
  try {
    await ask("/api/access");
  } catch (why) {
    if (before) token.set(before);
    else token.clear();
    throw why;
  }
  change({ link: "connecting" });
  void follow();
}

export function signOut() {
  token.clear();
  change({ link: "connecting", mayChange: false });
  void follow();
}

export interface Loaded<T> {
  value: T | null;
  fault: Refusal | Error | null;
  busy: boolean;
  again: () => void;
}

// Loads when `key` changes, on again(), and every `each` ms while the page is looked at. An older answer never
// replaces a newer one.
export function useLoaded<T>(key: string, load: (signal: AbortSignal) => Promise<T>, each = 0): Loaded<T> {
  const [state, set] = useState<{ value: T | null; fault: Error | null; busy: boolean; of: string }>({ value: null, fault: null, busy: true, of: key });
  const [turn, next] = useReducer((n: number) => n + 1, 0);
  const loader = useRef(load);
  loader.current = load;
  useEffect(() => {
    const stop = new AbortController();
    set((old) => ({ ...old, busy: true }));
    loader
      .current(stop.signal)
      .then((value) => {
        if (!stop.signal.aborted) set({ value, fault: null, busy: false, of: key });
      })
      .catch((fault: Error) => {
        if (!stop.signal.aborted) set((old) => ({ value: old.of === key ? old.value : null, fault, busy: false, of: key }));
      });
    return () => stop.abort();
  }, [key, turn]);
  useEffect(() => {
    if (!each) return undefined;
    const timer = setInterval(() => {
      if (!document.hidden) next(undefined as never);
    }, each);
    return () => clearInterval(timer);
  }, [each]);
  return { ...state, again: () => next(undefined as never) };
}

// "#/devices?state=parked": ["devices"], {state: "parked"}.
export interface Place {
  path: string[];
  asked: URLSearchParams;
}
function placeNow(): Place {
  const [path, rest] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean).map(decodeURIComponent), asked: new URLSearchParams(rest ?? "") };
}
export function usePlace(): Place {
  const [place, set] = useState(placeNow);
  useEffect(() => {
    const look = () => set(placeNow());
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return place;
}
export function go(path: string, asked: Record<string, string> = {}) {
  const rest = new URLSearchParams(Object.entries(asked).filter(([, value]) => value)).toString();
  location.hash = `#/${path}${rest ? `?${rest}` : ""}`;
}
