// SPDX-License-Identifier: Apache-2.0
// azure-iothub, unmodified, as operator; azure-iot-device with azure-iot-device-amqp, unmodified, as the device that it talks to.
import assert from 'node:assert/strict';
import https from 'node:https';
import { test } from 'node:test';
import commonSdk from 'azure-iot-common';
import deviceSdk from 'azure-iot-device';
import amqpTransport from 'azure-iot-device-amqp';
import serviceSdk from 'azure-iothub';
import { connectionString, control, readCredential, servicePort, until } from './emulator.mjs';

const { Client: Device } = deviceSdk;
const { Amqp } = amqpTransport;
const { Client: Service, Registry } = serviceSdk;

const limit = { timeout: 60_000 };

// The package's REST half takes a host without a port; Node's agents say which port is meant then. Its AMQP half dials what it is told.
https.Agent = class extends https.Agent {
  constructor(options) {
    super(options);
    this.defaultPort = servicePort;
  }
};
const owner = readCredential('service-connection-string-0');
const restOwner = owner.replace(/^HostName=localhost:\d+/, 'HostName=localhost');

async function withDevice(device, work) {
  const { primary_key: key } = await control('GET', `/devices/${device}`);
  const client = Device.fromConnectionString(connectionString(device, key), Amqp);
  try {
    await client.open();
    await work(client);
  } finally {
    await client.close();
  }
}

async function withService(work) {
  const client = Service.fromConnectionString(owner);
  try {
    await client.open();
    await work(client);
  } finally {
    await client.close();
  }
}

test('a message with ack full comes to the device, and its feedback to the service', limit, () => withService(async (service) => {
  const device = 'meter-00001';
  const records = [];
  const receiver = await new Promise((done, failed) => {
    service.getFeedbackReceiver((fault, made) => (fault ? failed(fault) : done(made)));
  });
  receiver.on('message', (batch) => {
    records.push(...JSON.parse(batch.getData().toString()));
    receiver.complete(batch, () => {});
  });
  const message = new commonSdk.Message(JSON.stringify({ value_1: 1 }));
  message.messageId = 'cmd-1';
  message.correlationId = 'corr-1';
  message.contentType = 'application/json';
  message.ack = 'full';
  message.expiryTimeUtc = Date.now() + 600_000;
  message.properties.add('Port', '10');
  await service.send(device, message);
  let got;
  await withDevice(device, (client) => new Promise((done) => {
    client.on('message', (one) => {
      got = one;
      client.complete(one, done);
    });
  }));
  assert.equal(got.messageId, 'cmd-1');
  assert.equal(got.correlationId, 'corr-1');
  assert.equal(got.contentType, 'application/json');
  assert.equal(got.properties.getValue('Port'), '10');
  assert.equal(got.getData().toString(), '{"value_1":1}');
  await until(() => records.length === 1);
  assert.equal(records[0].originalMessageId, 'cmd-1');
  assert.equal(records[0].statusCode, 'Success');
  assert.equal(records[0].deviceId, device);
  assert.equal((await control('GET', '/ledger')).c2d.feedback_batches, 1);
}));

test('what the hub does not take is refused with the package\'s own errors', limit, () => withService(async (service) => {
  await assert.rejects(service.send('nobody', new commonSdk.Message('x')), { name: 'DeviceNotFoundError' });
  for (let i = 0; i < 50; ++i) await service.send('meter-00002', new commonSdk.Message(`message ${i}`));
  await assert.rejects(service.send('meter-00002', new commonSdk.Message('one more')), { name: 'DeviceMaximumQueueDepthExceededError' });
}));

test('a method is answered by the device, and refused without one', limit, async () => {
  const device = 'meter-00001';
  const service = Service.fromConnectionString(restOwner);
  const call = { methodName: 'LightsGoOn', payload: { value_1: 1 }, responseTimeoutInSeconds: 30, connectTimeoutInSeconds: 0 };
  await assert.rejects(service.invokeDeviceMethod(device, call), (fault) => fault.name === 'DeviceNotOnlineError'
    || /404103/.test(fault.responseBody ?? fault.message));
  await withDevice(device, async (client) => {
    client.onDeviceMethod('LightsGoOn', (request, response) => response.send(202, { got: request.payload }, () => {}));
    const waiting = { ...call, connectTimeoutInSeconds: 10 }; // the links come in their own time
    const { result } = await service.invokeDeviceMethod(device, waiting);
    assert.deepEqual(result, { status: 202, payload: { got: { value_1: 1 } } });
  });
});

test('a desired change reaches the device, and what it reports the operator', limit, async () => {
  const device = 'meter-00001';
  const registry = Registry.fromConnectionString(restOwner);
  await withDevice(device, async (client) => {
    const twin = await client.getTwin();
    const changes = [];
    twin.on('properties.desired', (change) => changes.push(change));
    const { responseBody: shown } = await registry.getTwin(device);
    assert.equal(shown.deviceId, device);
    assert.equal(shown.connectionState, 'Connected');
    await registry.updateTwin(device, { properties: { desired: { lorawan: { downlink: { port: 10 } } } } }, shown.etag);
    await until(() => changes.some((change) => change.lorawan?.downlink?.port === 10));
    await assert.rejects(registry.updateTwin(device, { tags: { a: 1 } }, shown.etag), { name: 'InvalidEtagError' });
    await new Promise((done, failed) => {
      twin.properties.reported.update({ lorawan: { state: 'sent' } }, (fault) => (fault ? failed(fault) : done()));
    });
    const { responseBody: after } = await registry.getTwin(device);
    assert.equal(after.properties.reported.lorawan.state, 'sent');
  });
});

test('the registry makes, changes, lists, queries and removes devices', limit, async () => {
  const registry = Registry.fromConnectionString(restOwner);
  const { responseBody: made } = await registry.create({ deviceId: 'svc-1' });
  assert.equal(made.deviceId, 'svc-1');
  assert.ok(made.authentication.symmetricKey.primaryKey);
  await assert.rejects(registry.create({ deviceId: 'svc-1' }), { name: 'DeviceAlreadyExistsError' });
  await withDevice('svc-1', async (client) => { await client.sendEvent(new deviceSdk.Message('made by an operator')); });
  const { responseBody: disabled } = await registry.update({ deviceId: 'svc-1', status: 'disabled' });
  assert.equal(disabled.status, 'disabled');
  assert.equal((await control('GET', '/devices/svc-1')).status, 'disabled');
  const { responseBody: added } = await registry.addDevices([{ deviceId: 'svc-2' }]);
  assert.equal(added.isSuccessful, true);
  const { responseBody: all } = await registry.list();
  assert.deepEqual(all.map((one) => one.deviceId), ['meter-00001', 'meter-00002', 'svc-1', 'svc-2']);
  const query = registry.createQuery('SELECT * FROM devices', 3);
  const found = [];
  while (query.hasMoreResults) found.push(...(await query.nextAsTwin()).result.map((twin) => twin.deviceId));
  assert.deepEqual(found, ['meter-00001', 'meter-00002', 'svc-1', 'svc-2']);
  const { responseBody: counted } = await registry.getRegistryStatistics();
  assert.deepEqual(counted, { totalDeviceCount: 4, enabledDeviceCount: 3, disabledDeviceCount: 1 });
  await registry.delete('svc-1');
  await assert.rejects(registry.get('svc-1'), { name: 'DeviceNotFoundError' });
});
