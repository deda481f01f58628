// SPDX-License-Identifier: Apache-2.0
// How run.mjs runs a test file, by its suffix: what has to be installed, and the command, which trusts the emulator's CA.
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';

// A client that has lost its connection keeps timers; a failed test is to end all the same. Node has it from 20.14; before, ctest's
// time-out ends the test.
const [major, minor] = process.versions.node.split('.').map(Number);
const forceExit = major > 20 || (major === 20 && minor >= 14) ? ['--test-force-exit'] : [];

const node = ({ file, directory }) => ({
  command: [process.execPath, '--test', ...forceExit, file],
  environment: { NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem'), NODE_OPTIONS: '--dns-result-order=ipv4first' },
});

const python = ({ file, directory }) => ({
  command: [join(dirname(file), 'venv/bin/python'), '-B', file],
  environment: { REQUESTS_CA_BUNDLE: join(directory, 'ca.pem') },
});

// Both of the Java packages dial 5671 whatever they are told. So that tests can run beside one another, each has that port on a loopback
// address of its own, which is what its JVM takes hub.localhost for.
export async function forwardUsualPort(hub, address = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`) {
  const server = createServer((from) => {
    const to = connect(hub, '127.0.0.1');
    from.pipe(to).pipe(from);
    from.on('error', () => to.destroy());
    to.on('error', () => from.destroy());
  });
  await new Promise((done, failed) => server.on('error', failed).listen(5671, address, done));
  server.unref();
  return address;
}

async function java({ file, directory, hub }) {
  const sources = dirname(file);
  const classes = join(directory, 'classes');
  const [trust, hosts] = [join(directory, 'trust.p12'), join(directory, 'hosts')];
  const path = `${classes}:${join(sources, 'jars')}/*`;
  execFileSync('javac', ['-proc:none', '-Xlint:unchecked', '-d', classes, '-cp', path,
    ...readdirSync(sources).filter((name) => name.endsWith('.java')).map((name) => join(sources, name))], { stdio: 'inherit' });
  execFileSync('keytool', ['-importcert', '-noprompt', '-alias', 'emulator', '-file', join(directory, 'ca.pem'), '-keystore', trust,
    '-storetype', 'PKCS12', '-storepass', 'emulator'], { stdio: 'ignore' });
  writeFileSync(hosts, `127.0.0.1 localhost\n${await forwardUsualPort(hub)} hub.localhost\n`);
  return {
    command: ['java', '-cp', path, `-Djdk.net.hosts.file=${hosts}`, `-Djavax.net.ssl.trustStore=${trust}`,
      '-Djavax.net.ssl.trustStorePassword=emulator', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', 'org.junit.runner.JUnitCore',
      file.slice(sources.length + 1, -'.java'.length)],
    environment: {},
  };
}

export const runtimes = {
  '.mjs': { needs: ['node_modules/azure-iot-device', 'node_modules/azure-iothub'], prepare: node },
  '.py': { needs: ['python/venv/.installed'], prepare: python },
  '.java': { needs: ['java/jars/.installed'], prepare: java },
};
