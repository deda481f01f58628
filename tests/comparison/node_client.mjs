// SPDX-License-Identifier: Apache-2.0
// Microsoft's Node clients, unmodified (the packages of tests/conformance), against causeway-emulator:
//   node node_client.mjs one-by-one|concurrent KEYS HUB              by the devices' keys ("name key" lines)
//   node node_client.mjs one-by-one|concurrent KEYS DPS-PORT SCOPE   each registered over HTTPS first
// Prints "online" when all are, and stays until it is killed. Trusts NODE_EXTRA_CA_CERTS.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';

const require = createRequire(new URL('../conformance/package.json', import.meta.url));
const { Client, Message } = require('azure-iot-device');
const { Amqp } = require('azure-iot-device-amqp');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const { Http } = require('azure-iot-provisioning-device-http');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');

const [order, keys, where, scope] = process.argv.slice(2);
const devices = readFileSync(keys, 'utf8').split('\n').filter(Boolean).map((line) => line.split(' '));
const clients = [];

// The package takes a host without a port; Node's agent says which port is meant then.
if (scope) https.globalAgent.defaultPort = Number(where);

const register = (name, key) => ProvisioningDeviceClient.create('localhost', scope, new Http(),
  new SymmetricKeySecurityClient(name, key)).register();

async function bringOnline([name, key]) {
  let hub = where;
  let device = name;
  if (scope) ({ assignedHub: hub, deviceId: device } = await register(name, key));
  const client = Client.fromConnectionString(`HostName=${hub};DeviceId=${device};SharedAccessKey=${key}`, Amqp);
  clients.push(client);
  await client.open();
  client.on('message', () => {}); // attaches the link for cloud-to-device messages
  await client.sendEvent(new Message('{}')); // the telemetry link comes with the first message only
}

if (order === 'concurrent') {
  await Promise.all(devices.map(bringOnline));
} else {
  for (const device of devices) await bringOnline(device);
}
console.log('online');
setInterval(() => {}, 1 << 30);
