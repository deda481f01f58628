// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from "preact/hooks";
import { ask, gather, Letter } from "../api";
import { bytes, count, plural, time, words } from "../format";
import { DeviceLink, Dialog, Pager, Table, Trouble } from "../parts";
import { go, useLoaded, useShared } from "../store";

const size = 50;

function pretty(text: unknown): string {
  if (typeof text !== "string") return JSON.stringify(text, null, 2);
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Content({ of }: { of: Letter }) {
  const loaded = useLoaded(String(of.id), (signal) => ask<Record<string, unknown>>(`/api/dead-letters/${of.id}`, "GET", signal));
  const one = loaded.value;
  const message = one?.message as Record<string, unknown> | undefined;
  return (
    <div class="details">
      <Trouble of={loaded.fault} />
      <p>{of.detail}</p>
      {message && (
        <pre tabIndex={0} aria-label="Properties">
          {pretty(message.properties)}
        </pre>
      )}
      {one && (
        <pre tabIndex={0} aria-label="Content">
          {pretty(message ? (message.body ?? message.body_base64) : (one.event ?? one.event_base64 ?? one.record_base64))}
        </pre>
      )}
    </div>
  );
}

interface Told {
  text: string;
  bad: boolean;
}

export function LettersPage({ asked }: { asked: URLSearchParams }) {
  const { status, mayChange, hasToken } = useShared();
  const filter = { application: asked.get("application") ?? "", device: asked.get("device") ?? "", reason: asked.get("reason") ?? "" };
  const [begins, setBegins] = useState<(number | null)[]>([null]);
  const [chosen, setChosen] = useState<Set<number>>(new Set());
  const [open, setOpen] = useState<number | null>(null);
  const [told, setTold] = useState<Told | null>(null);
  const [dropping, setDropping] = useState(false);
  const [busy, setBusy] = useState(false);
  const after = begins[begins.length - 1];
  const key = JSON.stringify(filter);
  useEffect(() => (setBegins([null]), setChosen(new Set())), [key]);
  const page = useLoaded(JSON.stringify([filter, after]), (signal) => gather<Letter>("/api/dead-letters", "dead_letters", { ...filter, after }, size, signal), 5000);
  const letters = page.value?.items ?? [];
  const ids = letters.map((one) => one.id).filter((id) => chosen.has(id));
  const change = (by: Record<string, string>) => go("dead-letters", { ...filter, ...by });
  const choose = (id: number) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const act = async (path: string, method: string, say: (answer: Record<string, unknown[]>) => Told) => {
    setBusy(true);
    try {
      setTold(say(await ask<Record<string, unknown[]>>(`${path}?ids=${ids.join(",")}`, method)));
      setChosen(new Set());
    } catch (why) {
      setTold({ text: (why as Error).message, bad: true });
    }
    setBusy(false);
    page.again();
  };
  const replay = () =>
    act("/api/dead-letters/replay", "POST", (answer) => {
      const left = answer.left as { id: number; message: string }[];
      const text = `${plural(answer.replayed.length, "dead letter")} replayed.`;
      return { text: left.length ? `${text} ${count(left.length)} left: ${left[0].message}.` : text, bad: left.length > 0 };
    });
  const drop = () => act("/api/dead-letters", "DELETE", (answer) => ({ text: `${plural(answer.dropped.length, "dead letter")} dropped.`, bad: false }));
  const first = (begins.length - 1) * size;
  return (
    <>
      <div class="title">
        <h1>Dead letters</h1>
        {status && <span class="badge">{count(status.spool.dead_letters)} kept</span>}
      </div>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>Application</span>
          <select value={filter.application} onChange={(event) => change({ application: event.currentTarget.value })}>
            <option value="">any</option>
            {status?.spool.applications.map((one) => <option key={one.application}>{one.application}</option>)}
          </select>
        </label>
        <label>
          <span>Device</span>
          <input value={filter.device} onChange={(event) => change({ device: event.currentTarget.value.trim() })} placeholder="its whole id" />
        </label>
        <label>
          <span>Reason</span>
          <input value={filter.reason} onChange={(event) => change({ reason: event.currentTarget.value.trim() })} placeholder="such as hub_message_too_large" />
        </label>
      </form>
      <Trouble of={page.fault} />
      <p class={`told ${told ? (told.bad ? "notice bad" : "notice") : ""}`} role="status" aria-live="polite">
        {told?.text}
      </p>
      <div class="card">
        {mayChange ? (
          <div class="bulk">
            <button type="button" class="main" disabled={!ids.length || busy} onClick={() => void replay()}>
              Replay {ids.length ? count(ids.length) : "the chosen"}
            </button>
            <button type="button" disabled={!ids.length || busy} onClick={() => setDropping(true)}>
              Drop {ids.length ? count(ids.length) : "the chosen"}
            </button>
          </div>
        ) : (
          <p class="bulk none">{hasToken ? "Sign in with the token to replay or drop them here." : "To replay or drop them here, set token_file in [admin]; `causeway dead-letters replay` needs none."}</p>
        )}
        <Table
          label="Dead letters"
          class="list"
          head={[
            mayChange ? (
              <input
                type="checkbox"
                aria-label="Choose all on this page"
                checked={letters.length > 0 && ids.length === letters.length}
                onChange={() => setChosen(ids.length === letters.length ? new Set() : new Set(letters.map((one) => one.id)))}
              />
            ) : (
              "Id"
            ),
            "Device",
            "Since",
            "Reason",
            "Kind",
            "Size",
            "Actions",
          ]}
          empty={page.busy ? "Looking…" : "There are none. All that came has been delivered, or waits."}
        >
          {letters.flatMap((one) => [
            <tr key={one.id}>
              <td>{mayChange ? <input type="checkbox" aria-label={`Choose dead letter ${one.id} of ${one.device}`} checked={chosen.has(one.id)} onChange={() => choose(one.id)} /> : one.id}</td>
              <th scope="row">
                <DeviceLink application={one.application} device={one.device} />
                <small>{one.application}</small>
              </th>
              <td class="t">{time(one.at)}</td>
              <td class="why">
                {words(one.reason)}
                <small>{one.detail}</small>
              </td>
              <td>{one.kind}</td>
              <td class="n">{bytes(one.bytes)}</td>
              <td class="do">
                <button type="button" class="small" aria-expanded={open === one.id} onClick={() => setOpen(open === one.id ? null : one.id)}>
                  Content<span class="hidden"> of dead letter {one.id}</span>
                </button>
              </td>
            </tr>,
            open === one.id && (
              <tr key={`${one.id}-content`} class="below">
                <td colSpan={7}>
                  <Content of={one} />
                </td>
              </tr>
            ),
          ])}
        </Table>
        <Pager
          page={begins.length - 1}
          more={!!page.value && page.value.next !== null}
          busy={page.busy && page.value === null}
          shown={letters.length ? `${count(first + 1)} to ${count(first + letters.length)}, the oldest first` : "No dead letter"}
          back={() => setBegins(begins.slice(0, -1))}
          on={() => setBegins([...begins, page.value?.next ?? null])}
        />
      </div>
      {dropping && (
        <Dialog title={`Drop ${plural(ids.length, "dead letter")}?`} onClose={() => setDropping(false)}>
          <p>They are erased from the disk, and nothing brings them back.</p>
          <div class="actions">
            <button type="button" class="danger" onClick={() => (setDropping(false), void drop())}>
              Drop
            </button>
            <button type="button" onClick={() => setDropping(false)}>
              Keep
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}
