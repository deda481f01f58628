// SPDX-License-Identifier: Apache-2.0
// Runs one test file of Microsoft's packages against an emulator that it starts for it:  node run.mjs telemetry.test.mjs
// or python/commands_test.py, java/DeviceTest.java.
// A second argument is where the devices' identities come from, the emulator's --layout: hub, dps, central; without it mixed.
// CAUSEWAY_BIN: the directory of causeway-emulator; default build/release/bin.
// The test runs in a process of its own, because Node reads NODE_EXTRA_CA_CERTS once, at its start.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runtimes } from './runtimes.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const bin = process.env.CAUSEWAY_BIN ?? join(here, '../../build/release/bin');
const startPatience = 30_000;
const file = join(here, process.argv[2]);
const runtime = runtimes[extname(file)];

if (!runtime.needs.every((path) => existsSync(join(here, path)))) {
  console.error(`conformance: the packages of ${process.argv[2]} are not installed; script/bootstrap does it`);
  process.exit(1);
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise((done) => server.listen(0, '127.0.0.1', done))));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

const directory = mkdtempSync(join(tmpdir(), 'causeway-conformance-'));
const [hub, dps, control, stack, events, service, webhook, admin] = await freePorts(8);
const program = join(bin, 'causeway-emulator');
const options = ['--directory', directory, '--hub-port', hub, '--dps-port', dps, '--control-port', control,
  '--stack-port', stack, '--events-port', events, '--service-port', service, '--webhook-listen', `127.0.0.1:${webhook}`, '--admin-listen', `127.0.0.1:${admin}`,
  '--latency', 'none', '--retry-after', 1, '--devices', 4, '--layout', process.argv[3] ?? 'mixed'].map(String);
const configuration = join(directory, 'causeway.toml');
writeFileSync(configuration, execFileSync(program, [...options, '--print-config'])); // makes the certificates
const emulator = spawn(program, options, { stdio: 'inherit' });

let status = 1;
try {
  const deadline = Date.now() + startPatience;
  while (!await fetch(`http://127.0.0.1:${control}/healthz`).then((answer) => answer.ok, () => false)) {
    if (emulator.exitCode !== null || Date.now() > deadline) throw new Error('the emulator does not serve');
    await new Promise((done) => setTimeout(done, 20));
  }
  const { command, environment } = await runtime.prepare({ file, directory, hub });
  const test = spawn(command[0], command.slice(1), {
    stdio: 'inherit',
    env: {
      ...process.env, ...environment,
      EMULATOR_DIRECTORY: directory, EMULATOR_HUB: String(hub), EMULATOR_DPS: String(dps), EMULATOR_CONTROL: String(control),
      EMULATOR_SERVICE: String(service),
      CAUSEWAY_PROGRAM: join(bin, 'causeway'), CAUSEWAY_CONFIGURATION: configuration, CAUSEWAY_ADMIN: String(admin),
    },
  });
  status = await new Promise((done) => test.on('exit', (code) => done(code ?? 1)));
} finally {
  const ended = new Promise((done) => emulator.on('exit', done));
  if (emulator.exitCode === null) {
    emulator.kill('SIGTERM');
    await ended;
  }
  rmSync(directory, { recursive: true, force: true });
}
process.exitCode = status;
