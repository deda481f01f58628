// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from "vite";

export default defineConfig({
  base: "/",
  logLevel: "warn",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2020",
    assetsInlineLimit: 0, // the policy allows no data: addresses
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
  },
  // `npm run dev` beside a gateway on its usual address.
  server: { proxy: { "/api": "http://127.0.0.1:9464" } },
});
