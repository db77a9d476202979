import { OURS, type Point } from "./scaling-comparison.ts";

const WIDTH = 760;
const HEIGHT = 460;
const LEFT = 76;
const RIGHT = 130;
const TOP = 44;
const BOTTOM = 60;

/** Calls in time against replica-hours as an SVG picture, for light and dark pages: up and to the left is better. */
export function scalingPlot(points: readonly Point[], title: string): string {
  const hours = points.map(({ replicaHours }) => Math.max(1e-3, replicaHours));
  const [least, most] = [Math.min(...hours) / 1.15, Math.max(...hours) * 1.15];
  const low = Math.max(0, Math.min(0.9, Math.min(...points.map(({ inTime }) => inTime)) - 0.02));
  const x = (value: number) =>
    LEFT +
    (Math.log(Math.max(1e-3, value) / least) / Math.log(most / least)) * (WIDTH - LEFT - RIGHT);
  const y = (share: number) =>
    HEIGHT - BOTTOM - ((share - low) / (1 - low)) * (HEIGHT - TOP - BOTTOM);
  const rows = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const share = low + part * (1 - low);
    const at = y(share).toFixed(1);
    return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" class="grid"/><text x="${LEFT - 10}" y="${at}" class="end">${(100 * share).toFixed(1)} %</text>`;
  });
  const columns = [0, 1 / 3, 2 / 3, 1].map((part) => {
    const value = least * (most / least) ** part;
    return `<text x="${x(value).toFixed(1)}" y="${HEIGHT - BOTTOM + 20}" class="middle">${value.toPrecision(3)}</text>`;
  });
  const policies = [...Map.groupBy(points, ({ policy }) => policy)];
  const curves = policies.map(([policy, own], at) => curveOf(policy, own, { at, x, y }));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Calls in time against replica-hours">
<style>
svg { font: 13px system-ui, sans-serif; color-scheme: light dark; background: light-dark(#fff, #0d1518); }
text { fill: light-dark(#24343a, #cfdadd); dominant-baseline: middle; }
.grid { stroke: light-dark(#dbe3e5, #26363b); }
.end { text-anchor: end; } .middle { text-anchor: middle; } .title { font-weight: 600; }
polyline { fill: none; stroke-width: 1.5; opacity: 0.7; }
.c0 { color: light-dark(#0e6a78, #63c5d4); } .c1 { color: light-dark(#4f8a10, #a6d854); } .c2 { color: light-dark(#a4490a, #ff9d5c); }
.c3 { color: light-dark(#7a3fa0, #cf9df0); } .c4 { color: light-dark(#a01746, #ff8fb0); } .c5 { color: light-dark(#5a6a10, #d6d25c); } .c6 { color: light-dark(#5f6b70, #9aa8ad); }
circle, polyline { stroke: currentColor; } circle { fill: currentColor; } .name { fill: currentColor; }
</style>
<text x="${LEFT}" y="18" class="title">${escaped(title)}</text>
${rows.join("\n")}
${columns.join("\n")}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" class="middle">replica-hours (starting and draining ones as well)</text>
${curves.join("\n")}
</svg>
`;
}

interface Place {
  readonly at: number;
  readonly x: (hours: number) => number;
  readonly y: (share: number) => number;
}

function curveOf(policy: string, points: readonly Point[], { at, x, y }: Place): string {
  const sorted = points.toSorted((a, b) => a.replicaHours - b.replicaHours);
  const places = sorted.map(({ replicaHours, inTime }) => [
    x(replicaHours).toFixed(1),
    y(inTime).toFixed(1),
  ]);
  const dots = sorted.map(({ knob, inTime, replicaHours }, index) => {
    const [cx, cy] = places[index] ?? [];
    const set = knob === null ? "" : ` at ${knob}`;
    const said = `${policy}${set}: ${(100 * inTime).toFixed(2)} % in time, ${replicaHours.toPrecision(4)} replica-hours`;
    return `<circle cx="${cx}" cy="${cy}" r="${policy === OURS ? 6 : 3.5}"><title>${escaped(said)}</title></circle>`;
  });
  const line =
    places.length > 1 ? `<polyline points="${places.map((one) => one.join(",")).join(" ")}"/>` : "";
  // A list of names beside the picture: next to the points they would lie on each other.
  const name = `<text x="${WIDTH - RIGHT + 24}" y="${TOP + 12 + at * 22}" class="name">${escaped(policy)}</text>`;
  const sign = `<circle cx="${WIDTH - RIGHT + 13}" cy="${TOP + 12 + at * 22}" r="4"/>`;
  return `<g class="c${at % 7}">${line}${dots.join("")}${sign}${name}</g>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
