import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, it } from "vitest";
import { BUCKET_SQL, Sketch, bucketOf } from "../../src/core/sketch.ts";
import { type PostgresServer, needsPostgres, query, startPostgres } from "../support/postgres.ts";

let postgres: PostgresServer | undefined;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

/** Repeatable numbers from 0 to 1. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return (state + 0.5) / 4_294_967_296;
  };
}

/** Latencies with a heavy tail: most near 200 ms, some of minutes. */
function latencies(count: number, seed = 7): number[] {
  const next = random(seed);
  return Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
    const body = 200 * Math.exp(0.9 * normal);
    return next() < 0.02 ? body / next() ** 0.8 : body;
  });
}

function sketchOf(values: readonly number[]): Sketch {
  const sketch = new Sketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

it.each([0.5, 0.9, 0.95, 0.99, 0.999])("gives the quantile %f right to 1 %%", (share) => {
  for (const seed of [1, 2, 3]) {
    const values = latencies(50_000, seed);
    const sorted = values.toSorted((a, b) => a - b);
    const exact = sorted[Math.ceil(share * values.length) - 1] ?? 0;
    const error = Math.abs((sketchOf(values).quantile(share) ?? 0) / exact - 1);
    expect(error).toBeLessThanOrEqual(0.01);
  }
});

it("keeps sum, mean and greatest exactly", () => {
  const values = [1, 2, 4, 1000];
  const sketch = sketchOf(values);
  expect(sketch).toMatchObject({ count: 4, sum: 1007, max: 1000, mean: 251.75 });
  expect(sketch.quantile(1)).toBeLessThanOrEqual(1000);
});

it("merges to what the whole would be", () => {
  const values = latencies(10_000);
  const merged = new Sketch();
  for (let from = 0; from < values.length; from += 777) {
    merged.merge(sketchOf(values.slice(from, from + 777)));
  }
  const whole = sketchOf(values);
  expect(merged.buckets()).toEqual(whole.buckets());
  expect(merged).toMatchObject({ count: whole.count, max: whole.max });
  expect(merged.sum).toBeCloseTo(whole.sum, 3);
});

it("comes back from its bytes, weights in hundredths too", () => {
  const sketch = sketchOf(latencies(5000));
  sketch.add(12, 2.5);
  const bytes = sketch.toBytes();
  const back = Sketch.fromBytes(bytes);
  expect(back.buckets()).toEqual(sketch.buckets());
  expect(back).toMatchObject({ sum: sketch.sum, max: sketch.max });
  expect(bytes?.length).toBeLessThan(2500);
  expect(new Sketch().toBytes()).toBeUndefined();
  expect(Sketch.fromBytes(null).quantile(0.5)).toBeNull();
});

it("takes out what was put in", () => {
  const sketch = sketchOf([5, 50, 500]);
  sketch.add(500, -1);
  expect(sketch.quantile(0.99)).toBeCloseTo(50, 0);
});

it("weighs by how many a value stands for", () => {
  const sketch = new Sketch();
  sketch.add(10, 99);
  sketch.add(1000, 1);
  expect(sketch.quantile(0.98)).toBeLessThan(11);
  expect(sketch.shareUpTo(100)).toBeCloseTo(0.99);
});

const EDGES = [0, 0.0005, 0.001, 0.0011, 1, 1.02, 1e9, -3];

it("finds the same buckets in SQLite", () => {
  const db = new DatabaseSync(":memory:");
  db.function("greatest", (a, b) => Math.max(Number(a), Number(b)));
  db.exec("CREATE TABLE t (v REAL)");
  const insert = db.prepare("INSERT INTO t VALUES (?)");
  for (const value of [...latencies(2000), ...EDGES]) insert.run(value);
  const rows = db.prepare(`SELECT v, ${BUCKET_SQL("v")} AS bucket FROM t`).all();
  expect(rows.filter(({ v, bucket }) => bucketOf(Number(v)) !== bucket)).toEqual([]);
  db.close();
});

it("finds the same buckets in PostgreSQL", async (context) => {
  needsPostgres(context);
  const values = [...latencies(2000), ...EDGES];
  const rows = await query(
    (await postgres?.database()) ?? "",
    `SELECT v, ${BUCKET_SQL("v")} AS bucket FROM unnest('{${values.join(",")}}'::float8[]) AS v`,
  );
  expect(rows).toHaveLength(values.length);
  expect(rows.filter(({ v, bucket }) => bucketOf(Number(v)) !== bucket)).toEqual([]);
});
