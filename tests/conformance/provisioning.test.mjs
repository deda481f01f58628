// SPDX-License-Identifier: Apache-2.0
// azure-iot-provisioning-device with -http, unmodified: registers with a derived symmetric key, then connects where it was assigned.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import https from 'node:https';
import { test } from 'node:test';
import deviceSdk from 'azure-iot-device';
import amqpTransport from 'azure-iot-device-amqp';
import provisioningSdk from 'azure-iot-provisioning-device';
import httpTransport from 'azure-iot-provisioning-device-http';
import symmetricKey from 'azure-iot-security-symmetric-key';
import { connectionString, control, dpsPort, hubPort, messagesOf, readCredential } from './emulator.mjs';

const { Client, Message } = deviceSdk;
const { ProvisioningDeviceClient } = provisioningSdk;

const idScope = '0ne00EMU000';
const limit = { timeout: 60_000 };

// The package takes a host without a port; Node's agent says which port is meant then.
https.globalAgent.defaultPort = dpsPort;

const derive = (groupKey, id) => createHmac('sha256', Buffer.from(groupKey, 'base64')).update(id).digest('base64');

const register = (id, key) => ProvisioningDeviceClient.create('localhost', idScope, new httpTransport.Http(),
  new symmetricKey.SymmetricKeySecurityClient(id, key)).register();

test('registers with a derived key, connects to the assigned hub and sends', limit, async () => {
  const id = 'node-device-1';
  const key = derive(readCredential('group-key'), id);
  const registered = await register(id, key);
  assert.equal(registered.status, 'assigned');
  assert.equal(registered.deviceId, id);
  assert.equal(registered.assignedHub, `localhost:${hubPort}`);
  const asked = await control('GET', `/dps?registration=${id}`);
  assert.equal(asked.registrations, 1);
  assert.ok(asked.polls >= 1, 'the emulator asks to wait, so the package polls');

  const client = Client.fromConnectionString(connectionString(registered.deviceId, key), amqpTransport.Amqp);
  try {
    await client.open();
    await client.sendEvent(new Message('by way of DPS'));
  } finally {
    await client.close();
  }
  assert.deepEqual((await messagesOf(id)).map((message) => message.body), ['by way of DPS']);
});

test('a key that is not the group\'s is refused with UnauthorizedError', limit, async () => {
  await assert.rejects(register('node-device-2', derive(Buffer.alloc(64, 7).toString('base64'), 'node-device-2')),
    { name: 'UnauthorizedError' });
  const { devices } = await control('GET', '/devices');
  assert.ok(!devices.includes('node-device-2'));
});
