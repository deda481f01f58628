// SPDX-License-Identifier: Apache-2.0
// @azure/event-hubs, unmodified, reads from the emulator's Event-Hubs-compatible endpoint what a gateway delivered: it agrees with the
// ledger, message by message.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { EventHubConsumerClient, earliestEventPosition } from '@azure/event-hubs';
import { control, readCredential } from './emulator.mjs';

const uplinks = 2000;
const limit = { timeout: 120_000 };
const group = EventHubConsumerClient.defaultConsumerGroupName;
const plain = { skipParsingBodyAsJson: true };

const connectionString = () => readCredential('events-connection-string-0');

async function until(what, patience = 60_000) {
  const deadline = Date.now() + patience;
  while (true) {
    const found = await what();
    if (found) return found;
    assert.ok(Date.now() < deadline, `still not: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

async function withGateway(work) {
  const gateway = spawn(process.env.CAUSEWAY_PROGRAM, ['run', '-c', process.env.CAUSEWAY_CONFIGURATION],
    { stdio: ['ignore', 'inherit', 'ignore'] });
  const ended = new Promise((done) => gateway.on('exit', done));
  try {
    await until(() => fetch(`http://127.0.0.1:${process.env.CAUSEWAY_ADMIN}/readyz`).then((answer) => answer.ok, () => false));
    await work();
  } finally {
    gateway.kill('SIGTERM');
    await ended;
  }
}

// Calls what with a client, and closes it.
async function withConsumer(work) {
  const consumer = new EventHubConsumerClient(group, connectionString());
  try {
    return await work(consumer);
  } finally {
    await consumer.close();
  }
}

// Closes the subscription after the work: one that stays open keeps the process alive.
async function withSubscription(subscription, work) {
  try {
    return await work();
  } finally {
    await subscription.close();
  }
}

// The events by the order in which each partition has them, until `wanted` have come; `where` is a partition's id, or undefined for all.
async function read(consumer, where, wanted, options) {
  const events = [];
  let fault;
  const handlers = {
    processEvents: async (batch) => { events.push(...batch); },
    processError: async (error) => { fault = error; },
  };
  const all = { ...plain, maxWaitTimeInSeconds: 1, ...options };
  const subscription = where === undefined ? consumer.subscribe(handlers, all) : consumer.subscribe(where, handlers, all);
  await withSubscription(subscription, () => until(() => fault !== undefined || events.length >= wanted));
  assert.equal(fault, undefined);
  return events;
}

async function anyPartition(consumer) {
  const partitions = await Promise.all((await consumer.getPartitionIds()).map((id) => consumer.getPartitionProperties(id)));
  return partitions.find((one) => !one.isEmpty);
}

async function ledgerMessages() {
  const messages = [];
  while (true) {
    const after = messages.at(-1)?.order ?? 0;
    const page = (await control('GET', `/ledger/messages?after=${after}&limit=10000`)).messages;
    if (page.length === 0) return messages;
    messages.push(...page);
  }
}

function byDevice(messages, device) {
  const found = new Map();
  for (const message of messages) {
    const name = device(message);
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(message);
  }
  return found;
}

const deviceOf = (event) => event.systemProperties['iothub-connection-device-id'];

test('what a gateway delivered reads as the ledger has it: ids, order, bodies, properties', limit, async () => {
  await withGateway(async () => {
    await control('POST', '/simulation', { uplinks, concurrency: 4 });
    await until(async () => (await control('GET', '/ledger')).unique >= uplinks);
  });
  const written = await ledgerMessages();
  const events = await withConsumer((consumer) => read(consumer, undefined, written.length,
    { startPosition: earliestEventPosition, maxBatchSize: 100 }));
  assert.equal(events.length, written.length);

  const expected = byDevice(written, (message) => message.device);
  const got = byDevice(events, deviceOf);
  assert.deepEqual([...got.keys()].sort(), [...expected.keys()].sort());
  for (const [device, messages] of expected) {
    const mine = got.get(device);
    assert.deepEqual(mine.map((event) => event.messageId), messages.map((message) => message.message_id), `${device}: ids in order`);
    for (const [i, event] of mine.entries()) {
      const message = messages[i];
      assert.equal(Buffer.from(event.body).toString('utf8'), message.body);
      assert.equal(createHash('sha256').update(event.body).digest('hex').slice(0, 16), message.digest);
      assert.deepEqual(event.properties, message.properties);
      assert.equal(event.contentType, message.content_type);
      assert.equal(event.contentType, 'application/json');
      assert.equal(event.systemProperties.contentEncoding, message.content_encoding);
      assert.equal(event.systemProperties.contentEncoding, 'utf-8');
      assert.equal(event.partitionKey, device);
      assert.equal(event.systemProperties['iothub-message-source'], 'Telemetry');
      assert.equal(event.systemProperties['iothub-connection-auth-generation-id'].length > 0, true);
      assert.ok(JSON.parse(event.systemProperties['iothub-connection-auth-method']).type === 'sas');
      assert.equal(event.enqueuedTimeUtc.getTime(), Date.parse(message.time));
      assert.equal(event.systemProperties['iothub-enqueuedtime'], event.enqueuedTimeUtc.getTime());
      if (i > 0) {
        assert.ok(event.sequenceNumber > mine[i - 1].sequenceNumber, `${device}: sequence numbers rise`);
        assert.ok(BigInt(event.offset) > BigInt(mine[i - 1].offset), `${device}: offsets rise`);
      }
    }
  }
});

test('the properties of hub and partitions add up to the ledger', limit, () => withConsumer(async (consumer) => {
  const hub = await consumer.getEventHubProperties();
  assert.equal(hub.name, 'iothub-0');
  assert.deepEqual(hub.partitionIds, ['0', '1', '2', '3']);
  let total = 0;
  for (const id of hub.partitionIds) {
    const partition = await consumer.getPartitionProperties(id);
    assert.equal(partition.isEmpty, partition.lastEnqueuedSequenceNumber < 0);
    total += partition.lastEnqueuedSequenceNumber + 1;
  }
  assert.equal(total, (await control('GET', '/ledger')).accepted);
}));

test('reading begins where it is told: behind a sequence number, at it, behind an offset, after a time', limit, () => withConsumer(async (consumer) => {
  const { partitionId, lastEnqueuedSequenceNumber } = await anyPartition(consumer);
  const readFrom = (startPosition) => read(consumer, partitionId, 1, { startPosition, maxBatchSize: 10 });
  const middle = Math.floor(lastEnqueuedSequenceNumber / 2);
  const behind = await readFrom({ sequenceNumber: middle });
  assert.equal(behind[0].sequenceNumber, middle + 1);
  const from = await readFrom({ sequenceNumber: middle, isInclusive: true });
  assert.equal(from[0].sequenceNumber, middle);
  const at = await readFrom({ offset: from[0].offset });
  assert.equal(at[0].sequenceNumber, middle + 1);
  const since = await readFrom({ enqueuedOn: from[0].enqueuedTimeUtc });
  assert.ok(since[0].enqueuedTimeUtc > from[0].enqueuedTimeUtc);
}));

// What is on its way then is settled behind the end of its session.
test('a reader that closes in the middle of a stream leaves the connection to the next', limit, () => withConsumer(async (consumer) => {
  const { partitionId } = await anyPartition(consumer);
  for (let i = 0; i < 10; ++i) {
    const events = await read(consumer, partitionId, 1, { startPosition: earliestEventPosition, maxBatchSize: 10 });
    assert.equal(events[0].sequenceNumber, 0);
  }
}));

test('a reader of a higher owner level takes the partition over', limit, async () => {
  const take = (consumer, ownerLevel, seen) => consumer.subscribe('0', {
    processEvents: async () => { seen.running = true; },
    processError: async (error) => { seen.fault = error; },
  }, { ...plain, ownerLevel, startPosition: earliestEventPosition, maxWaitTimeInSeconds: 1 });
  const one = {}, two = {};
  await withConsumer((first) => withConsumer(async (second) => {
    await withSubscription(take(first, 1, one), async () => {
      await until(() => one.running);
      await withSubscription(take(second, 2, two), async () => {
        await until(() => two.running && one.fault);
        assert.equal(one.fault.code, 'ReceiverDisconnectedError');
        assert.equal(two.fault, undefined);
      });
    });
  }));
});

test('a wrong key is refused', limit, async () => {
  const wrong = connectionString().replace(/SharedAccessKey=[^;]*/, `SharedAccessKey=${Buffer.alloc(64, 7).toString('base64')}`);
  const consumer = new EventHubConsumerClient(group, wrong, { retryOptions: { maxRetries: 0 } });
  try {
    await assert.rejects(consumer.getPartitionIds(), { code: 'UnauthorizedError' });
  } finally {
    await consumer.close();
  }
});
