// SPDX-License-Identifier: Apache-2.0
// azure-iothub, unmodified, as operator of devices that a gateway carries: what it sends ends in The Things Stack's queue, and what
// becomes of that comes back to it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { after, before, test } from 'node:test';
import commonSdk from 'azure-iot-common';
import serviceSdk from 'azure-iothub';
import { control, messagesOf, readCredential, servicePort, until } from './emulator.mjs';

const { Client: Service, Registry } = serviceSdk;
const limit = { timeout: 60_000 };
// The printed configuration has one application; here it has the commands of twins and of IoT Central, too.
const configuration = process.env.CAUSEWAY_CONFIGURATION;
const printed = readFileSync(configuration, 'utf8');
const application = printed.match(/\[\[application\]\]\nid = "([^"]+)"/)[1];
writeFileSync(configuration, printed.replace('[[application]]\n', '[[application]]\ntwin = true\n')
  .replace('[admin]\n', '[application.command.valve]\nport = 12\npayload = { open = true }\n\n'
    + '[application.command.LightsGoOn]\nport = 15\n\n[application.command."hall*target"]\nport = 16\nconfirmed = true\n\n[admin]\n'));
const isCentral = printed.includes('kind = "iot-central"');
let device;

// As in service.test.mjs: the package's REST half takes a host without a port.
https.Agent = class extends https.Agent {
  constructor(options) {
    super(options);
    this.defaultPort = servicePort;
  }
};
const owner = readCredential('service-connection-string-0');
const restOwner = owner.replace(/^HostName=localhost:\d+/, 'HostName=localhost');

let gateway;
const items = async () => (await control('GET', '/downlinks/book?after=0&limit=1000')).items;
const reports = async () => (await messagesOf(device)).map((message) => message.body)
  .map((body) => (typeof body === 'string' ? JSON.parse(body) : body)).filter((body) => body.downlink).map((body) => body.downlink);
const speak = (how) => control('POST', '/downlinks/uplink', { application, device, ...how });

const start = () => spawn(process.env.CAUSEWAY_PROGRAM, ['run', '-c', configuration], { stdio: ['ignore', 'inherit', 'ignore'] });
const roles = async () => new Set((await control('GET', `/links?device=${device}`)).links.map((link) => link.role));

before(async () => {
  gateway = start();
  // Through DPS an identity is there once the gateway has registered it.
  await until(async () => { [device] = (await control('GET', '/devices')).devices; return device; });
  await until(async () => (await roles()).size === 4);
}, limit);

after(async () => {
  const ended = new Promise((done) => gateway.on('exit', done));
  gateway.kill('SIGTERM');
  await ended;
});

test('a message with ack full becomes a downlink, its feedback is Success, and each step is reported', limit, async () => {
  const service = Service.fromConnectionString(owner);
  await service.open();
  try {
    const records = [];
    const receiver = await new Promise((done, failed) => {
      service.getFeedbackReceiver((fault, made) => (fault ? failed(fault) : done(made)));
    });
    receiver.on('message', (batch) => {
      records.push(...JSON.parse(batch.getData().toString()));
      receiver.complete(batch, () => {});
    });
    const message = new commonSdk.Message(Buffer.from([1, 2, 3]).toString('base64'));
    message.messageId = 'open-1';
    message.ack = 'full';
    message.properties.add('Port', '10');
    message.properties.add('Confirmed', 'true');
    await service.send(device, message);
    await until(() => records.length === 1);
    assert.equal(records[0].originalMessageId, 'open-1');
    assert.equal(records[0].statusCode, 'Success');
    await until(async () => (await reports()).length === 1);
    await speak();
    await until(async () => (await reports()).length === 2);
    await speak({ ack: true });
    await until(async () => (await reports()).length === 3);
    assert.deepEqual((await reports()).map((one) => one.state), ['queued', 'sent', 'acknowledged']);
    assert.ok((await reports()).every((one) => one.messageId === 'open-1' && one.source === 'c2d'));
    assert.equal((await items()).length, 1);
  } finally {
    await service.close();
  }
});

test('a method is answered when its downlink is queued, and a bad one with what is wrong', limit, async () => {
  const service = Service.fromConnectionString(restOwner);
  const call = (payload) => service.invokeDeviceMethod(device,
    { methodName: 'downlink', payload, responseTimeoutInSeconds: 30, connectTimeoutInSeconds: 10 });
  const { result } = await call({ f_port: 11, frm_payload: 'AQI=', id: 'call-1' });
  assert.equal(result.status, 200);
  assert.equal(result.payload.state, 'queued');
  const { result: again } = await call({ f_port: 11, frm_payload: 'AQI=', id: 'call-1' });
  assert.deepEqual(again, { status: 200, payload: { command: result.payload.command, state: 'queued' } });
  const { result: other } = await call({ f_port: 12, frm_payload: 'AQI=', id: 'call-1' });
  assert.equal(other.status, 400);
  assert.equal(other.payload.error, 'command_id_taken');
  const { result: bad } = await call({ f_port: 224, frm_payload: 'AQI=' });
  assert.equal(bad.status, 400);
  assert.equal(bad.payload.error, 'downlink_port_invalid');
  const { result: unknown } = await service.invokeDeviceMethod(device,
    { methodName: 'nobody', payload: null, responseTimeoutInSeconds: 30, connectTimeoutInSeconds: 10 });
  assert.equal(unknown.status, 404);
  assert.equal((await items()).length, 2);
  // Whether the item was in time for the window of the last uplink or not, the next test is to find the queue empty.
  const waits = async () => (await control('GET', `/downlinks/devices/${application}/${device}`)).queue.length > 0;
  if (await waits()) {
    await speak();
    await until(async () => !await waits());
  }
});

test('what is desired of a twin becomes one downlink, and its outcome stands in reported', limit, async () => {
  const registry = Registry.fromConnectionString(restOwner);
  const before = (await items()).length;
  const desire = (downlink, also = {}) => registry.updateTwin(device, { properties: { desired: { lorawan: { downlink }, ...also } } }, '*');
  const told = async () => (await registry.getTwin(device)).responseBody.properties.reported.lorawan?.downlink;
  await desire({ f_port: 13, frm_payload: 'AQI=', confirmed: true });
  await until(async () => (await told())?.state === 'queued');
  assert.equal((await items()).length, before + 1);
  const { version, command } = await told();
  await desire({ f_port: 13 }, { color: 'red' }); // the same value, and another property
  await registry.updateTwin(device, { properties: { desired: { color: 'blue' } } }, '*');
  await speak();
  await until(async () => (await told())?.state === 'sent');
  await speak({ ack: true });
  await until(async () => (await told())?.state === 'acknowledged');
  assert.deepEqual(await told(), { version, state: 'acknowledged', command });
  assert.equal((await items()).length, before + 1);
  await desire({ confirmed: false, id: 'again' }); // of one member: the whole object is sent
  await until(async () => (await told())?.state === 'queued');
  assert.equal((await items()).length, before + 2);
  await desire({ f_port: 224 });
  await until(async () => (await told())?.state === 'refused');
  assert.equal((await told()).error.name, 'downlink_port_invalid');
  assert.equal((await items()).length, before + 2);
});

test('a gateway that is killed sends nothing of a twin again, and puts right what was told', limit, async () => {
  const registry = Registry.fromConnectionString(restOwner);
  const told = async () => (await registry.getTwin(device)).responseBody.properties.reported.lorawan?.downlink;
  const desire = (downlink) => registry.updateTwin(device, { properties: { desired: { lorawan: { downlink } } } }, '*');
  const before = (await items()).length;
  await desire({ f_port: 14, frm_payload: 'Ag==', confirmed: false, id: 'once' });
  await until(async () => (await told())?.state === 'queued');
  const ended = new Promise((done) => gateway.on('exit', done));
  gateway.kill('SIGKILL');
  await ended;
  await until(async () => (await roles()).size === 0);
  await registry.updateTwin(device, { properties: { desired: { color: 'green' } } }, '*');
  await speak(); // the item leaves, and nobody hears of it yet
  gateway = start();
  await until(async () => (await roles()).size === 4);
  await desire({ id: 'twice' });
  await until(async () => (await items()).length === before + 2);
  await until(async () => (await told())?.state === 'queued');
  assert.equal((await items()).length, before + 2);
});

test('a command of IoT Central has the port and the payload that are configured', limit, async () => {
  const service = Service.fromConnectionString(owner);
  await service.open();
  try {
    const before = (await items()).length;
    const message = new commonSdk.Message('@');
    message.properties.add('method-name', 'valve');
    await service.send(device, message);
    await until(async () => (await items()).length === before + 1);
    await until(async () => (await reports()).some((one) => one.port === 12 && one.state === 'queued'));
  } finally {
    await service.close();
  }
});

if (isCentral) {
  test('writable properties of IoT Central, also in a component, are commands, and are acknowledged', limit, async () => {
    const registry = Registry.fromConnectionString(restOwner);
    const properties = async () => (await registry.getTwin(device)).responseBody.properties;
    const desire = (desired) => registry.updateTwin(device, { properties: { desired } }, '*');
    const lights = async () => (await properties()).reported.LightsGoOn;
    const target = async () => (await properties()).reported.hall?.target;
    const queued = async (port) => (await reports()).filter((one) => one.port === port && one.state === 'queued').length;
    const before = (await items()).length;

    await desire({ LightsGoOn: { on: true, level: 3 } });
    await until(async () => (await lights())?.ac === 200);
    const { $version } = (await properties()).desired;
    assert.deepEqual(await lights(), { value: { on: true, level: 3 }, ac: 200, av: $version, ad: 'queued' });
    await desire({ color: 'red' }); // another property
    await desire({ LightsGoOn: { level: null } });
    await until(async () => (await lights()).av === $version + 2 && (await lights()).ac === 200);
    assert.deepEqual((await lights()).value, { on: true });
    await until(async () => await queued(15) === 2);

    await desire({ hall: { __t: 'c', target: 21.5 } });
    await until(async () => (await target())?.ad === 'queued');
    assert.equal((await target()).ac, 202); // it is confirmed
    assert.equal((await properties()).reported.hall.__t, 'c');
    await speak();
    await speak({ ack: true });
    await until(async () => (await target()).ac === 200);
    assert.deepEqual(await target(), { value: 21.5, ac: 200, av: $version + 3, ad: 'acknowledged' });

    await desire({ hall: { __t: 'c', target: '@' } }); // there is no configured payload
    await until(async () => (await target()).ac === 400);
    assert.match((await target()).ad, /^refused: downlink_payload_missing: /);
    assert.equal((await items()).length, before + 3);
  });
}
