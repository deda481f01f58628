// SPDX-License-Identifier: Apache-2.0
// Runs one test file of Microsoft's packages against an emulator that it starts for it:  node run.mjs telemetry.test.mjs
// A second argument is where the devices' identities come from, the emulator's --layout: hub, dps, central; without it mixed.
// CAUSEWAY_BIN: the directory of causeway-emulator; default build/release/bin.
// The test runs in a process of its own, because Node reads NODE_EXTRA_CA_CERTS once, at its start.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const bin = process.env.CAUSEWAY_BIN ?? join(here, '../../build/release/bin');
const startPatience = 30_000;
// A client that has lost its connection keeps timers; a failed test is to end all the same. Node has it from 20.14; before, ctest's
// time-out ends the test.
const [major, minor] = process.versions.node.split('.').map(Number);
const forceExit = major > 20 || (major === 20 && minor >= 14) ? ['--test-force-exit'] : [];

if (!existsSync(join(here, 'node_modules/azure-iot-device')) || !existsSync(join(here, 'node_modules/azure-iothub'))) {
  console.error('conformance: the npm packages are not installed; script/bootstrap does it');
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
  const test = spawn(process.execPath, ['--test', ...forceExit, join(here, process.argv[2])], {
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem'),
      NODE_OPTIONS: '--dns-result-order=ipv4first',
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
