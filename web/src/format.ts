// SPDX-License-Identifier: Apache-2.0
// Numbers and times for people. Times are shown in the viewer's zone, with the date where it is not today.

const whole = new Intl.NumberFormat("en-GB");
const tenth = new Intl.NumberFormat("en-GB", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const count = (n: number) => whole.format(n);

export function rate(n: number): string {
  if (n === 0) return "0";
  return n < 100 ? tenth.format(n) : whole.format(Math.round(n));
}

export function span(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${tenth.format(seconds)} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return s % 60 && s < 600 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${Math.round(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

export function ms(value: number | null): string {
  if (value === null) return "–";
  if (value === 0) return "0";
  if (value < 10) return `${tenth.format(value)} ms`;
  return value < 10_000 ? `${whole.format(Math.round(value))} ms` : `${tenth.format(value / 1000)} s`;
}

// Of an axis: short.
export const shortMs = (value: number | null) => (value !== null && value >= 1000 ? `${tenth.format(value / 1000)} s` : ms(value));

export function bytes(n: number): string {
  for (const [unit, size] of [["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]] as const) if (n >= size) return `${tenth.format(n / size)} ${unit}`;
  return `${n} B`;
}

export function time(text: string | null): string {
  if (!text) return "–";
  const at = new Date(text);
  const clock = at.toLocaleTimeString("en-GB");
  return at.toDateString() === new Date().toDateString() ? clock : `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" })}, ${clock}`;
}

export const plural = (n: number, one: string, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
export const words = (name: string) => name.replace(/_/g, " ");
