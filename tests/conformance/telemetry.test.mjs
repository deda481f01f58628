// SPDX-License-Identifier: Apache-2.0
// azure-iot-device with azure-iot-device-amqp, unmodified: sends telemetry, and is refused with a wrong key.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import deviceSdk from 'azure-iot-device';
import amqpTransport from 'azure-iot-device-amqp';
import { connectionString, control, messagesOf } from './emulator.mjs';

const { Client, Message } = deviceSdk;
const { Amqp } = amqpTransport;

const limit = { timeout: 60_000 };

async function withClient(device, key, work) {
  const client = Client.fromConnectionString(connectionString(device, key), Amqp);
  try {
    await client.open();
    await work(client);
  } finally {
    await client.close();
  }
}

test('telemetry arrives under the device\'s identity, with properties and body', limit, async () => {
  const device = 'meter-00001';
  const { primary_key: key } = await control('GET', `/devices/${device}`);
  await withClient(device, key, async (client) => {
    const message = new Message(JSON.stringify({ temperature: 21.5 }));
    message.messageId = 'first';
    message.correlationId = 'why';
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    message.properties.add('alert', 'true');
    message.properties.add('place', 'Köln');
    await client.sendEvent(message);
    await client.sendEvent(new Message('second'));
  });

  const [one, two, ...more] = await messagesOf(device);
  assert.deepEqual(more, []);
  assert.equal(one.device, device);
  assert.equal(one.message_id, 'first');
  assert.equal(one.correlation_id, 'why');
  assert.equal(one.content_type, 'application/json');
  assert.equal(one.content_encoding, 'utf-8');
  assert.deepEqual(one.properties, { alert: 'true', place: 'Köln' });
  assert.deepEqual(JSON.parse(one.body), { temperature: 21.5 });
  assert.equal(two.body, 'second');
});

test('many messages that are under way at once arrive in order, with the secondary key too', limit, async () => {
  const device = 'meter-00002';
  const texts = Array.from({ length: 200 }, (_, i) => `message ${i}`);
  const { secondary_key: key } = await control('GET', `/devices/${device}`);
  await withClient(device, key, (client) => Promise.all(texts.map((text) => client.sendEvent(new Message(text)))));
  assert.deepEqual((await messagesOf(device)).map((message) => message.body), texts);
});

test('a wrong key is refused with UnauthorizedError', limit, async () => {
  const wrong = Buffer.alloc(32, 7).toString('base64');
  const client = Client.fromConnectionString(connectionString('meter-00001', wrong), Amqp);
  await assert.rejects(client.open(), { name: 'UnauthorizedError' });
});

test('a device that the hub does not know is refused', limit, async () => {
  const client = Client.fromConnectionString(connectionString('nobody', Buffer.alloc(32, 7).toString('base64')), Amqp);
  await assert.rejects(client.open(), (fault) => ['DeviceNotFoundError', 'UnauthorizedError'].includes(fault.name));
});
