// SPDX-License-Identifier: Apache-2.0
// azure-iot-device with azure-iot-device-amqp, unmodified, on what goes down to a device: messages, twin. The emulator's control API
// speaks for the service.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import deviceSdk from 'azure-iot-device';
import amqpTransport from 'azure-iot-device-amqp';
import { connectionString, control, until } from './emulator.mjs';

const { Client } = deviceSdk;
const { Amqp } = amqpTransport;

const limit = { timeout: 60_000 };

async function withClient(device, work) {
  const { primary_key: key } = await control('GET', `/devices/${device}`);
  const client = Client.fromConnectionString(connectionString(device, key), Amqp);
  try {
    await client.open();
    await work(client);
  } finally {
    await client.close();
  }
}

const endsOf = async (device) => {
  const { ended } = await control('GET', `/c2d?device=${device}`);
  return Object.fromEntries(ended.map((one) => [one.message_id, one.end]));
};

test('messages are completed, rejected and abandoned, and an abandoned one comes again', limit, async () => {
  const device = 'meter-00001';
  for (const id of ['done', 'bad', 'later'])
    await control('POST', '/c2d', { device, message_id: id, body: `{"of":"${id}"}`, content_type: 'application/json',
      properties: { Port: '10' } });
  const seen = [];
  await withClient(device, async (client) => {
    client.on('message', (message) => {
      seen.push(message);
      // By itself: of dispositions that leave together rhea makes one, with the first one's state.
      if (message.messageId === 'bad') setTimeout(() => client.reject(message), 50);
      else if (message.messageId === 'later' && seen.filter((one) => one.messageId === 'later').length === 1) client.abandon(message);
      else client.complete(message);
    });
    await until(async () => Object.keys(await endsOf(device)).length === 3);
  });
  assert.deepEqual(await endsOf(device), { done: 'Success', bad: 'Rejected', later: 'Success' });
  assert.deepEqual(seen.map((one) => one.messageId).sort(), ['bad', 'done', 'later', 'later']);
  const first = seen.find((one) => one.messageId === 'done');
  assert.equal(first.getData().toString(), '{"of":"done"}');
  assert.equal(first.contentType, 'application/json');
  assert.equal(first.properties.getValue('Port'), '10');
  assert.equal(first.to, `/devices/${device}/messages/devicebound`);
  const { c2d } = await control('GET', '/ledger');
  assert.equal(c2d.abandoned, 1);
  assert.equal(c2d.locks_lost, 0);
});

test('what a client leaves in hand goes to its next connection', limit, async () => {
  const device = 'meter-00002';
  await control('POST', '/c2d', { device, message_id: 'one' });
  await withClient(device, (client) => new Promise((done) => { client.on('message', done); }));
  await withClient(device, async (client) => {
    client.on('message', (message) => client.complete(message));
    await until(async () => (await endsOf(device)).one === 'Success');
  });
});

test('a twin is read, reported to, and followed', limit, async () => {
  const device = 'meter-00001';
  await control('PATCH', `/twins/${device}`, { properties: { desired: { interval: 60, gone: true } } });
  await withClient(device, async (client) => {
    const twin = await client.getTwin();
    assert.equal(twin.properties.desired.interval, 60);
    assert.equal(twin.properties.desired.$version, 2);
    const changes = [];
    twin.on('properties.desired', (change) => changes.push(change));
    await new Promise((done, failed) => {
      twin.properties.reported.update({ firmware: '1.2', numbers: [1, 27.2] }, (fault) => (fault ? failed(fault) : done()));
    });
    await until(async () => changes.length === 1); // what it has read
    await control('PATCH', `/twins/${device}`, { properties: { desired: { interval: 30, gone: null } } });
    await until(async () => changes.length === 2);
    assert.equal(changes[1].interval, 30);
    assert.equal(changes[1].$version, 3);
    assert.equal('gone' in twin.properties.desired, false);
  });
  const { properties } = await control('GET', `/twins/${device}`);
  assert.equal(properties.reported.firmware, '1.2');
  assert.deepEqual(properties.reported.numbers, [1, 27.2]);
  assert.equal(properties.reported.$version, 2);
});

test('a report that breaks a rule is refused', limit, () => withClient('meter-00002', async (client) => {
  const twin = await client.getTwin();
  await assert.rejects(new Promise((done, failed) => {
    twin.properties.reported.update({ 'a b': 1 }, (fault) => (fault ? failed(fault) : done()));
  }));
}));
