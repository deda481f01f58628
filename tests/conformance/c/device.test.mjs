// SPDX-License-Identifier: Apache-2.0
// Microsoft's C SDK, unmodified, in c_device (device.cpp): one device on its connection, and a thousand that share one.
// From tests/conformance: node run.mjs c/device.test.mjs. C_DEVICE: the program; without it build/c-sdk/c_device.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import https from 'node:https';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import serviceSdk from 'azure-iothub';
import { control, hubPort, messagesOf, readCredential, servicePort, until } from '../emulator.mjs';
import { forwardUsualPort } from '../runtimes.mjs';

const executable = process.env.C_DEVICE ?? join(dirname(fileURLToPath(import.meta.url)), '../../../build/c-sdk/c_device');
const many = 1000;
const limit = { timeout: 60_000 };
const limitOfMany = { timeout: 600_000 };
const atOnce = 50;

// The SDK dials 5671 whatever it is told, and wants a dot in the host's name. The emulator's certificate has this address.
const [hubName, hubSuffix] = ['127.0.0', '1'];
await forwardUsualPort(hubPort, `${hubName}.${hubSuffix}`);

// The package's REST half takes a host without a port; Node's agents say which port is meant then.
https.Agent = class extends https.Agent {
  constructor(options) {
    super(options);
    this.defaultPort = servicePort;
  }
};
const owner = readCredential('service-connection-string-0').replace(/^HostName=localhost:\d+/, 'HostName=localhost');
const service = serviceSdk.Client.fromConnectionString(owner);

// Some at a time: a thousand requests at once would be a test of Node's sockets.
async function forEach(devices, work) {
  const left = devices.values();
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const device of left) await work(device);
  }));
}

class Program {
  constructor(way) {
    this.lines = new Map();
    this.process = spawn(executable, [way, join(process.env.EMULATOR_DIRECTORY, 'ca.pem'), hubName, hubSuffix],
      { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = new Promise((done) => this.process.on('exit', (code, signal) => done(this.end = signal ?? code)));
    createInterface({ input: this.process.stdout }).on('line', (line) => {
      const [device, what, ...more] = line.split('\t');
      if (!this.lines.has(device)) this.lines.set(device, []);
      this.lines.get(device).push({ what, more });
    });
  }

  order(...words) {
    this.process.stdin.write(`${words.join('\t')}\n`);
  }

  of(device, what) {
    return (this.lines.get(device) ?? []).filter((line) => line.what === what).map((line) => line.more);
  }

  // What every device is told of, so many times.
  all(devices, what, count = 1) {
    return until(() => {
      assert.equal(this.end, undefined);
      return devices.every((device) => this.of(device, what).length >= count);
    });
  }

  async close() {
    this.process.stdin.end();
    assert.equal(await this.ended, 0);
  }
}

async function withProgram(way, work) {
  const made = new Program(way);
  try {
    await work(made);
    await made.close();
  } finally {
    made.process.kill();
  }
}

const ledger = () => control('GET', '/ledger');

async function begin(program, devices) {
  for (const device of devices) {
    const { primary_key: key } = await control('PUT', `/devices/${device}`, {});
    program.order('device', device, key);
  }
}

async function checkOnline(program, devices, before) {
  await program.all(devices, 'online');
  await until(async () => (await ledger()).c2d_links === devices.length);
  const now = await ledger();
  assert.equal(now.connections, before.connections + 1);
  assert.equal(now.attached, devices.length);
  // The SDK calls a device authenticated when it has its twin links, whether it follows its twin or not.
  await forEach(devices, async (device) => {
    const has = async () => (await control('GET', `/links?device=${device}`)).links.map((link) => `${link.role} ${link.to_device}`).sort();
    await until(async () => (await has()).length === 6);
    assert.deepEqual(await has(),
      ['c2d true', 'methods false', 'methods true', 'telemetry false', 'twin false', 'twin true']);
  });
}

async function checkTelemetry(program, devices) {
  for (const device of devices) program.order('send', device, `1 of ${device}`, `from ${device}`);
  await program.all(devices, 'sent');
  await forEach(devices, async (device) => {
    assert.deepEqual(program.of(device, 'sent'), [['ok']]);
    const [message, ...more] = await messagesOf(device);
    assert.deepEqual(more, []);
    assert.equal(message.body, `from ${device}`);
    assert.equal(message.message_id, `1 of ${device}`);
    assert.equal(message.content_type, 'text/plain');
    assert.equal(message.properties.of, device);
  });
}

async function checkMessages(program, devices, before) {
  await forEach(devices, async (device) => {
    for (const id of ['done', 'bad', 'later'])
      await control('POST', '/c2d', { device, message_id: id, correlation_id: `about ${id}`, body: `${device} ${id}`, properties: { Port: '10' } });
  });
  const ends = new Map();
  await forEach(devices, (device) => until(async () => {
    const { ended } = await control('GET', `/c2d?device=${device}`);
    ends.set(device, Object.fromEntries(ended.map((one) => [one.message_id, one.end])));
    return ended.length === 3;
  }));
  for (const device of devices) {
    assert.deepEqual(ends.get(device), { done: 'Success', bad: 'Rejected', later: 'Success' });
    const seen = program.of(device, 'message');
    assert.deepEqual(seen.map(([id]) => id).sort(), ['bad', 'done', 'later', 'later']);
    for (const [id, ...more] of seen) assert.deepEqual(more, [`about ${id}`, '10', `${device} ${id}`]);
  }
  const { c2d } = await ledger();
  assert.equal(c2d.abandoned, before.c2d.abandoned + devices.length);
  assert.equal(c2d.locks_lost, 0);
}

async function checkMethods(devices) {
  await forEach(devices, async (device) => {
    const { result } = await service.invokeDeviceMethod(device,
      { methodName: 'LightsGoOn', payload: { value_1: 'on' }, responseTimeoutInSeconds: 60, connectTimeoutInSeconds: 0 });
    assert.deepEqual(result, { status: 202, payload: { device, name: 'LightsGoOn', got: { value_1: 'on' } } });
  });
}

const desire = (device, interval) => control('PATCH', `/twins/${device}`, { properties: { desired: { interval, of: device } } });

async function checkTwin(program, device) {
  await program.all([device], 'twin');
  const [[first], ...more] = program.of(device, 'twin');
  assert.deepEqual(more, []);
  const { interval, of, $version: version } = JSON.parse(first).desired;
  assert.deepEqual([interval, of, version], [60, device, 2]);
  await desire(device, 30);
  await program.all([device], 'desired');
  const changes = program.of(device, 'desired').map(([change]) => JSON.parse(change));
  assert.deepEqual(changes, [{ interval: 30, of: device, $version: 3 }]);
}

test('one device: telemetry, messages, methods, twin', limit, () => withProgram('single', async (one) => {
  const device = 'meter-00001';
  const before = await ledger();
  await desire(device, 60);
  await begin(one, [device]);
  one.order('follow', device);
  await checkOnline(one, [device], before);
  await checkTelemetry(one, [device]);
  await checkMessages(one, [device], before);
  await checkMethods([device]);
  await checkTwin(one, device);
  one.order('get', device);
  await one.all([device], 'get');
  assert.equal(JSON.parse(one.of(device, 'get')[0][0]).desired.interval, 30);
  one.order('report', device, JSON.stringify({ firmware: '1.2', numbers: [1, 27.2] }));
  await one.all([device], 'report');
  assert.deepEqual(one.of(device, 'report'), [['200']]);
  const { reported } = (await control('GET', `/twins/${device}`)).properties;
  assert.equal(reported.firmware, '1.2');
  assert.deepEqual(reported.numbers, [1, 27.2]);
  assert.deepEqual(one.of(device, 'offline'), []);
}));

async function checkShared(shared, context) {
  const devices = Array.from({ length: many }, (_, i) => `shared-${String(i + 1).padStart(5, '0')}`);
  const [first, last] = [devices[0], devices.at(-1)];
  let since = Date.now();
  const took = (what) => {
    context.diagnostic(`${what}: ${((Date.now() - since) / 1000).toFixed(1)} s`);
    since = Date.now();
  };
  const before = await ledger();
  // The SDK asks for no twin on a transport that has several devices (its doc/multiplexing_limitations.md), but for one that is alone yet.
  await control('PUT', `/devices/${first}`, {});
  await desire(first, 60);
  await begin(shared, [first]);
  shared.order('get', first);
  await begin(shared, devices.slice(1));
  for (const what of ['follow', 'get']) shared.order(what, last);
  await checkOnline(shared, devices, before);
  took('online');
  await checkTelemetry(shared, devices);
  took('telemetry');
  await checkMessages(shared, devices, before);
  took('messages');
  await checkMethods(devices);
  took('methods');
  const [[twin], ...more] = shared.of(first, 'get');
  assert.deepEqual(more, []);
  assert.equal(JSON.parse(twin).desired.of, first);
  assert.deepEqual([...shared.of(last, 'follow'), ...shared.of(last, 'get')], [['refused by the SDK'], ['refused by the SDK']]);
  assert.deepEqual(devices.flatMap((device) => shared.of(device, 'offline')), []);
  assert.equal((await ledger()).connections, before.connections + 1);
}

test(`${many} devices on a shared transport: telemetry, messages, methods, and the twin that the SDK lets be read`, limitOfMany,
  (context) => withProgram('shared', (shared) => checkShared(shared, context)));
