// SPDX-License-Identifier: Apache-2.0
// The emulator that run.mjs has started.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const hubPort = process.env.EMULATOR_HUB;
export const dpsPort = Number(process.env.EMULATOR_DPS);
export const servicePort = Number(process.env.EMULATOR_SERVICE);

export const readCredential = (name) => readFileSync(join(process.env.EMULATOR_DIRECTORY, name), 'utf8').trim();

export async function control(method, path, body) {
  const answer = await fetch(`http://127.0.0.1:${process.env.EMULATOR_CONTROL}${path}`,
    { method, body: body === undefined ? undefined : JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

export const messagesOf = async (device) => (await control('GET', `/ledger/messages?after=0&limit=1000&device=${device}`)).messages;

// What must come about, asked for every 20 ms; the test's own time-out ends it.
export async function until(holds) {
  while (!await holds()) await new Promise((done) => setTimeout(done, 20));
}

export const connectionString = (device, key) => `HostName=localhost:${hubPort};DeviceId=${device};SharedAccessKey=${key}`;
