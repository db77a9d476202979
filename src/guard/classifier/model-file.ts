import { type Calibration } from "./calibration.ts";
import { isBucketCount } from "./features.ts";
import { areLifts } from "./lifts.ts";
import { areWindows } from "./windows.ts";

/** One question that is asked of a text, and what its scores mean. */
export interface Head {
  readonly name: string;
  /** What one step of a weight is worth. */
  readonly scale: number;
  readonly bias: number;
  /** How many sentences a stretch has that it looks at, beside the whole text. */
  readonly windows: readonly number[];
  readonly calibration: Calibration;
}

export interface Model {
  readonly heads: readonly Head[];
  readonly buckets: number;
  /** Head after head, a weight a bucket. */
  readonly weights: Int8Array;
  /** How it was made, for people: seed, rows, date. */
  readonly made: Readonly<Record<string, string | number>>;
}

const MAGIC = "WGRD";
const VERSION = 2;
/** Magic, version and the header's length, four bytes each. */
const PREFIX = 12;
const MAX_HEADER = 1 << 20;
const MAX_HEADS = 64;

/**
 * The file: `WGRD`, version and length of the header as 32-bit little-endian numbers, the header as
 * JSON, the weights. Throws a RangeError that says what is wrong with it.
 */
export function parseModel(bytes: Uint8Array): Model {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < PREFIX) throw fault("it is cut short before its header");
  const text = new TextDecoder();
  if (text.decode(bytes.subarray(0, 4)) !== MAGIC) throw fault("it does not begin with WGRD");
  const version = view.getUint32(4, true);
  if (version !== VERSION) {
    throw fault(`it has version ${version}, and this Weir reads version ${VERSION}`);
  }
  const length = view.getUint32(8, true);
  if (length > MAX_HEADER || PREFIX + length > bytes.length) {
    throw fault("it is cut short within its header");
  }
  const header = parseHeader(text.decode(bytes.subarray(PREFIX, PREFIX + length)));
  const expected = header.heads.length * header.buckets;
  const weights = bytes.subarray(PREFIX + length);
  if (weights.length !== expected) {
    throw fault(`it has ${weights.length} weights in the place of ${expected}`);
  }
  return { ...header, weights: new Int8Array(weights) };
}

export function toBytes({ weights, ...header }: Model): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(PREFIX + json.length + weights.length);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(MAGIC));
  view.setUint32(4, VERSION, true);
  view.setUint32(8, json.length, true);
  bytes.set(json, PREFIX);
  bytes.set(
    new Uint8Array(weights.buffer, weights.byteOffset, weights.length),
    PREFIX + json.length,
  );
  return bytes;
}

function parseHeader(json: string): Omit<Model, "weights"> {
  let header: unknown;
  try {
    header = JSON.parse(json);
  } catch {
    throw fault("its header is no JSON");
  }
  if (!isHeader(header)) throw fault("its header does not describe heads and buckets");
  return header;
}

function isHeader(value: unknown): value is Omit<Model, "weights"> {
  if (!isRecord(value) || !isRecord(value["made"])) return false;
  const { buckets, heads } = value;
  if (typeof buckets !== "number" || !isBucketCount(buckets)) return false;
  return (
    Array.isArray(heads) && heads.length > 0 && heads.length <= MAX_HEADS && heads.every(isHead)
  );
}

function isHead(value: unknown): value is Head {
  if (!isRecord(value) || typeof value["name"] !== "string") return false;
  if (!Number.isFinite(value["scale"]) || !Number.isFinite(value["bias"])) return false;
  const { calibration, windows } = value;
  if (!areWindows(windows) || !isRecord(calibration)) return false;
  const { scores, rates, slope, offset, lifts } = calibration;
  if (!areLifts(lifts)) return false;
  if (!Number.isFinite(slope) || !Number.isFinite(offset)) return false;
  return isMonotone(scores, 1) && isMonotone(rates, -1) && scores.length === rates.length;
}

function isMonotone(value: unknown, sign: 1 | -1): value is number[] {
  return (
    Array.isArray(value) &&
    value.every(Number.isFinite) &&
    value.every((one, at) => at === 0 || (one - value[at - 1]) * sign > 0)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function fault(what: string): RangeError {
  return new RangeError(`This is no guard model that can be used: ${what}. Train it again.`);
}
