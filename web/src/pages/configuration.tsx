// SPDX-License-Identifier: Apache-2.0
import { useState } from "preact/hooks";
import { ask, Key } from "../api";
import { Card, Trouble } from "../parts";
import { useLoaded } from "../store";

interface Shown {
  sections: { section: string; keys: Key[] }[];
  left_out: number;
}

const ways: Record<string, string> = { file: "from the file", environment: "from the variable", inline: "in the configuration itself" };

function Value({ of }: { of: Key }) {
  if (of.secret)
    return of.by ? (
      <span class="secret">
        <span aria-hidden="true">••••••••</span> {ways[of.by]} {of.where && <code>{of.where}</code>}
      </span>
    ) : (
      <span class="none">not given</span>
    );
  if (of.value === null || of.value === undefined) return <span class="none">–</span>;
  return <code>{typeof of.value === "string" ? of.value : JSON.stringify(of.value)}</code>;
}

export function ConfigurationPage() {
  const [whole, setWhole] = useState(false);
  const loaded = useLoaded("configuration", (signal) => ask<Shown>("/api/configuration", "GET", signal));
  const sections = (loaded.value?.sections ?? []).map((one) => ({ ...one, keys: whole ? one.keys : one.keys.filter((key) => key.given) })).filter((one) => one.keys.length);
  return (
    <>
      <div class="title">
        <h1>Configuration</h1>
        <label class="switch">
          <input type="checkbox" checked={whole} onChange={() => setWhole(!whole)} />
          with defaults
        </label>
      </div>
      <p class="after">As the gateway runs with it. No secret leaves the gateway: only by which way it was given.</p>
      <Trouble of={loaded.fault} />
      <div class="sections">
        {sections.map((one, i) => (
          <Card key={`${one.section}${i}`} title={one.section} id={`section-${i}`}>
            <dl class="keys">
              {one.keys.map((key) => (
                <div key={key.key} class={key.given ? "" : "default"}>
                  <dt>{key.key}</dt>
                  <dd>
                    <Value of={key} />
                    {!key.given && !key.secret && key.value !== null && <small> default</small>}
                  </dd>
                </div>
              ))}
            </dl>
          </Card>
        ))}
      </div>
      {!!loaded.value?.left_out && <p class="after">{loaded.value.left_out} devices with credentials of their own are left out.</p>}
    </>
  );
}
