import { formatBytes } from "../gguf/format-bytes.ts";

/** One file in the picture. */
export interface Plotted {
  readonly name: string;
  readonly bytes: number;
  /** Mean KL divergence from the original, in nats a token. */
  readonly divergence: number;
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 84;
const RIGHT = 96;
const TOP = 40;
const BOTTOM = 56;
/** What is closer than this is as good as the original. */
const LEAST = 1e-5;

/** Size against loss as an SVG picture, for light and dark pages: further down and to the left is better. */
export function plotOf(files: readonly Plotted[]): string {
  const most = Math.max(...files.map(({ bytes }) => bytes)) * 1.05;
  const losses = files.map(({ divergence }) => Math.max(LEAST, divergence));
  const low = Math.floor(Math.log10(Math.min(...losses)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...losses))));
  const x = (bytes: number) => LEFT + (bytes / most) * (WIDTH - LEFT - RIGHT);
  const y = (loss: number) =>
    HEIGHT -
    BOTTOM -
    ((Math.log10(Math.max(LEAST, loss)) - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const rows = Array.from({ length: high - low + 1 }, (_, at) => low + at).map((power) => {
    const at = y(10 ** power).toFixed(1);
    const word = 10 ** power >= 0.001 ? String(10 ** power) : `1e${power}`;
    return `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${at}" y2="${at}" class="grid"/><text x="${LEFT - 10}" y="${at}" class="end">${word}</text>`;
  });
  const columns = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const bytes = most * part;
    return `<text x="${x(bytes).toFixed(1)}" y="${HEIGHT - BOTTOM + 20}" class="middle">${formatBytes(Math.round(bytes))}</text>`;
  });
  const points = files.map(({ name, bytes, divergence }) => {
    const [cx, cy] = [x(bytes).toFixed(1), y(divergence).toFixed(1)];
    const title = `${name}: ${formatBytes(bytes)}, ${divergence.toFixed(5)} nats a token`;
    return `<g><title>${escaped(title)}</title><circle cx="${cx}" cy="${cy}" r="5"/><text x="${Number(cx) + 9}" y="${cy}">${escaped(divergence === 0 ? `${name}: 0` : name)}</text></g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="File size and divergence from the original">
<style>
svg { font: 13px system-ui, sans-serif; color-scheme: light dark; background: light-dark(#fff, #0d1518); }
text { fill: light-dark(#24343a, #cfdadd); dominant-baseline: middle; }
.grid { stroke: light-dark(#dbe3e5, #26363b); }
circle { fill: light-dark(#0e6a78, #63c5d4); }
.end { text-anchor: end; } .middle { text-anchor: middle; } .title { font-weight: 600; }
</style>
<text x="${LEFT}" y="18" class="title">Divergence from the original, nats a token</text>
${rows.join("\n")}
${columns.join("\n")}
<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" class="middle">size of the file</text>
${points.join("\n")}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
