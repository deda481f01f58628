// SPDX-License-Identifier: Apache-2.0
// Builds the dashboard and writes it as the C++ source that the gateway carries (watch/dashboard.h).
//
//   node embed.mjs FOLDER FILE.cpp       FOLDER: where the built files go
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const budget = 150 * 1024; // bytes of all files, with gzip
const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

function literal(bytes) {
  // Octal escapes of three digits end where they end, whatever follows.
  let text = "";
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += "\\" + String.fromCharCode(byte);
    else if (byte === 0x0a) text += "\\n";
    else if (byte < 0x20 || byte > 0x7e || byte === 0x3f) text += "\\" + byte.toString(8).padStart(3, "0");
    else text += String.fromCharCode(byte);
  }
  return `"${text}"`;
}

const [folder, target] = process.argv.slice(2);
if (!folder || !target) {
  console.error("usage: node embed.mjs FOLDER FILE.cpp");
  process.exit(2);
}
const root = path.dirname(fileURLToPath(import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await build({ root, configFile: path.join(root, "vite.config.mjs"), build: { outDir: path.resolve(folder), emptyOutDir: true } });

const rows = [];
let total = 0;
for (const name of readdirSync(folder, { recursive: true }).map(String).sort()) {
  const type = types[path.extname(name)];
  if (!type) continue;
  const bytes = readFileSync(path.join(folder, name));
  total += gzipSync(bytes, { level: 9 }).length;
  const at = name === "index.html" ? "/" : "/" + name.split(path.sep).join("/");
  rows.push(`    {${literal(Buffer.from(at))}, "${type}",\n     std::string_view{${literal(bytes)}, ${bytes.length}}},`);
}
if (total > budget) {
  console.error(`embed: the dashboard has ${total} bytes with gzip; ${budget} are allowed`);
  process.exit(1);
}
writeFileSync(
  target,
  `// SPDX-License-Identifier: Apache-2.0
// Made by web/embed.mjs: ${total} bytes with gzip.
#include "watch/dashboard.h"

#include <array>

namespace causeway::watch {
namespace {

constexpr std::array<dashboard_file, ${rows.length}> files{{
${rows.join("\n")}
}};

} // namespace

std::span<const dashboard_file> dashboard_files() {
  return files;
}

} // namespace causeway::watch
`,
);
console.log(`embed: the dashboard has ${total} bytes with gzip`);
