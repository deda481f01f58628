// SPDX-License-Identifier: Apache-2.0
// What dashboard_test.py has the browser do: it reads what to expect from its standard input, and exits 1 at the first thing that is not so.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const told = JSON.parse(readFileSync(0, "utf8"));
const program = process.env.CHROMIUM ?? "/usr/bin/chromium";
assert.ok(existsSync(program), `there is no ${program}: script/bootstrap installs it`);

const number = new Intl.NumberFormat("en-GB").format(told.devices);
const pages = {
  fleet: "#/",
  devices: "#/devices",
  device: `#/devices/${told.plant}/${told.meter}`,
  "device-dps": `#/devices/${told.field}/${told.sensor}`,
  commands: "#/commands",
  "dead-letters": "#/dead-letters",
  configuration: "#/configuration",
};
const wrong = []; // console errors, and what was asked of other machines
let expected = 0; // refusals that a step provokes: the browser writes them to the console

const browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (line) => {
    if (!["error", "warning"].includes(line.type())) return;
    if (expected > 0 && line.text().includes("401")) expected -= 1;
    else wrong.push(`${page.url()}: ${line.text()}`);
  });
  page.on("pageerror", (fault) => wrong.push(`${page.url()}: ${fault.stack}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(told.url)) wrong.push(`asks another machine: ${request.url()}`);
  });
  return page;
}
async function step(name, work) {
  const began = Date.now();
  await work();
  console.log(`web: ${name}: ${Date.now() - began} ms`);
}
const to = async (page, name) => {
  await page.goto(told.url + pages[name]);
  await page.locator("h1").waitFor();
};

const page = await open({ viewport: { width: 1440, height: 900 } });
await step("the fleet, live", async () => {
  await to(page, "fleet");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByText(`of ${number} devices`).or(page.getByText(`All ${number} devices online.`)).first().waitFor();
  const before = await page.locator("footer").textContent();
  await page.waitForFunction((old) => document.querySelector("footer").textContent !== old, before, { timeout: 5000 });
  await page.getByRole("region", { name: "Hubs, table" }).getByRole("row").nth(1).waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".plot canvas").length === 3);
});

await step("the keyboard", async () => {
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await page.getByRole("link", { name: "Devices", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Devices" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
});

const rows = page.locator("tbody tr th a");
await step("devices: pages, search, filter", async () => {
  await page.getByText("1 to 50 of").waitFor();
  const first = await rows.first().textContent();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("51 to 100 of").waitFor();
  assert.notEqual(await rows.first().textContent(), first);
  await page.getByRole("button", { name: "Previous" }).click();
  await page.getByText("1 to 50 of").waitFor();
  assert.equal(await rows.first().textContent(), first);
  await page.getByRole("searchbox").fill(told.last.toUpperCase());
  await page.getByText("1 to 1", { exact: true }).waitFor();
  assert.equal(await rows.first().textContent(), told.last);
  const eui = await page.locator("tbody td code").first().textContent();
  await page.getByRole("searchbox").fill(eui.toLowerCase());
  await page.getByText("1 to 1", { exact: true }).waitFor();
  assert.equal(await rows.first().textContent(), told.last);
  await page.getByRole("searchbox").fill("nobody-is-called-so");
  await page.getByText("No device is like that.").waitFor();
  await page.getByRole("searchbox").fill("");
  await page.getByLabel("State").selectOption("online");
  await page.waitForFunction(() => {
    const states = [...document.querySelectorAll("tbody .state")].map((one) => one.textContent);
    return states.length > 0 && states.every((one) => one === "online");
  });
  await page.getByLabel("Application").selectOption(told.field);
  await page.waitForFunction((name) => [...document.querySelectorAll("tbody th small")].every((one) => one.textContent === name), told.field);
});

await step("a device, its waterfall, and an uplink that comes in", async () => {
  await to(page, "device-dps");
  const phases = page.locator(".waterfall .phase");
  await phases.filter({ hasText: "dps.register" }).waitFor();
  await phases.filter({ hasText: "attach" }).waitFor();
  await to(page, "device");
  await page.getByText("is online").first().waitFor();
  const frame = page.locator(".facts div", { hasText: "Last frame" }).locator("dd");
  assert.notEqual(await frame.textContent(), "77");
  const posted = await fetch(told.webhook, { method: "POST", headers: { Authorization: told.logIn, "Content-Type": "application/json" }, body: told.uplink });
  assert.equal(posted.status, 200);
  await page.waitForFunction(() => [...document.querySelectorAll(".facts div")].some((one) => one.textContent === "Last frame77"), null, { timeout: 8000 });
});

await step("commands in flight, with their steps", async () => {
  await to(page, "commands");
  await page.getByRole("link", { name: told.meter }).waitFor();
  await page.getByRole("button", { name: /^Steps/ }).click();
  await page.locator(".details li", { hasText: "stored" }).waitFor();
  await page.locator(".details code", { hasText: "m1" }).waitFor();
});

await step("dead letters: signing in, replay, drop", async () => {
  await to(page, "dead-letters");
  await page.getByText("1 to 2, the oldest first").waitFor();
  assert.equal(await page.getByRole("button", { name: /^Replay/ }).count(), 0);
  await page.getByRole("button", { name: "Sign in" }).click();
  expected = 1;
  await page.getByLabel("Token", { exact: true }).fill("not-the-right-one");
  await page.getByRole("dialog").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel("Token", { exact: true }).fill(told.token);
  await page.getByRole("dialog").getByRole("button", { name: "Sign in" }).click();
  const choose = page.getByRole("checkbox", { name: /^Choose dead letter/ });
  await choose.first().check();
  await page.getByRole("button", { name: "Content" }).first().click();
  await page.locator("pre").first().waitFor();
  await page.getByRole("button", { name: "Replay 1" }).click();
  await page.getByText("1 dead letter replayed.").waitFor();
  await page.getByText("1 to 1, the oldest first").waitFor();
  await page.getByRole("checkbox", { name: "Choose all on this page" }).check();
  await page.getByRole("button", { name: "Drop 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Drop" }).click();
  await page.getByText("1 dead letter dropped.").waitFor();
  await page.getByText("There are none.").waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("causeway.token")), null);
});

await step("the configuration, without its secrets", async () => {
  await to(page, "configuration");
  await page.getByRole("checkbox", { name: "with defaults" }).check();
  await page.getByText("api_key").first().waitFor();
  await page.getByText("from the file").first().waitFor();
  for (const name of Object.keys(pages)) {
    await to(page, name);
    const shown = await page.content();
    for (const secret of told.secrets) assert.ok(!shown.includes(secret), `a secret is on the page ${name}`);
  }
});
await page.context().close();

await step("faults of access, and pages that are too wide", async () => {
  for (const width of [1440, 390])
    for (const colorScheme of ["light", "dark"]) {
      const one = await open({ viewport: { width, height: width > 1000 ? 900 : 844 }, colorScheme });
      for (const name of Object.keys(pages)) {
        await to(one, name);
        await one.getByText("Live", { exact: true }).waitFor();
        await one.locator("main .card, main .chart").first().waitFor();
        if (told.screenshots) {
          mkdirSync(told.screenshots, { recursive: true });
          await one.waitForTimeout(800);
          await one.screenshot({ path: path.join(told.screenshots, `${name}-${colorScheme}-${width}.png`), fullPage: width < 1000 });
        }
        const overflow = await one.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${name} is ${overflow} pixels wider than ${width}`);
        // Each page by all rules once; then what differs: the colours, and on a narrow screen the two pages that change most.
        if (width < 1000 && (colorScheme === "dark" || !["fleet", "device"].includes(name))) continue;
        await one.evaluate(`${axe};0`);
        const rules = colorScheme === "dark" ? { runOnly: ["color-contrast"] } : {};
        const found = await one.evaluate((of) => axe.run(document, { resultTypes: ["violations"], ...of }), rules);
        const serious = found.violations.filter((fault) => ["serious", "critical"].includes(fault.impact));
        assert.deepEqual(
          serious.map((fault) => `${fault.id}: ${fault.nodes.map((node) => node.html.slice(0, 200)).join(" | ")}`),
          [],
          `${name}, ${colorScheme}, ${width}`,
        );
      }
      await one.context().close();
    }
});
await browser.close();
assert.deepEqual(wrong, []);
console.log("web: passed");
