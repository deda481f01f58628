// SPDX-License-Identifier: Apache-2.0
// Lines over time, by uPlot. Beside the picture the newest values are told in words, for who does not see it.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { Point } from "./api";

export interface Line {
  name: string;
  column: number; // of a Point
  colour: string; // a custom property
  fill?: boolean;
}

const height = 150;

function columns(points: Point[], lines: Line[]): uPlot.AlignedData {
  return [points.map((one) => one[0] / 1000), ...lines.map((line) => points.map((one) => one[line.column] as number | null))] as uPlot.AlignedData;
}

function draw(into: HTMLElement, data: uPlot.AlignedData, lines: Line[], format: (n: number) => string): uPlot {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  return new uPlot(
    {
      width: into.clientWidth,
      height,
      padding: [8, 10, 0, 0],
      cursor: { drag: { x: false, y: false }, points: { size: 6 } },
      legend: { show: false },
      scales: { y: { range: (_u, _low, high) => [0, Math.max(high * 1.15, 1)] } },
      axes: [
        { ...axis, size: 26, space: 70, values: (_u, ticks) => ticks.map((at) => new Date(at * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...(ticks.length > 1 && ticks[1] - ticks[0] < 60 ? { second: "2-digit" } : {}) })) },
        { ...axis, size: 52, space: 34, values: (_u, ticks) => ticks.map(format) },
      ],
      series: [{}, ...lines.map((line) => ({ label: line.name, stroke: colour(line.colour), width: 1.75, points: { size: 4 }, spanGaps: false, ...(line.fill ? { fill: `${colour(line.colour)}22` } : {}) }))],
    },
    data,
    into,
  );
}

export function Chart({ title, points, lines, format }: { title: string; points: Point[]; lines: Line[]; format: (n: number) => string }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(points);
  latest.current = points;
  useEffect(() => {
    const into = box.current as HTMLDivElement;
    const fresh = () => {
      plot.current?.destroy();
      plot.current = draw(into, columns(latest.current, lines), lines, format);
    };
    fresh();
    const sized = new ResizeObserver(() => plot.current?.setSize({ width: into.clientWidth, height }));
    sized.observe(into);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", fresh);
    addEventListener("causeway-theme", fresh);
    return () => {
      sized.disconnect();
      dark.removeEventListener("change", fresh);
      removeEventListener("causeway-theme", fresh);
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(columns(points, lines)), [points]);
  const last = points[points.length - 1];
  const told = (line: Line) => {
    const value = last?.[line.column];
    return value === null || value === undefined ? "–" : format(value);
  };
  return (
    <figure class="chart">
      <figcaption>
        <span class="name">{title}</span>
        {lines.map((line) => (
          <span key={line.name} class="key">
            <span class="swatch" style={{ background: `var(${line.colour})` }} aria-hidden="true" />
            {line.name} <b>{told(line)}</b>
          </span>
        ))}
      </figcaption>
      <div ref={box} class="plot" aria-hidden="true" />
      {points.length < 2 && <p class="wait">The first points come within ten seconds.</p>}
    </figure>
  );
}
