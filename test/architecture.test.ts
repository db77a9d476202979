import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { expect, it } from "vitest";

const FLOORS =
  "core, client; config, store, gguf; serve, watch, guard, access, ship; http; weir; cli";
const floors = FLOORS.split("; ").map((rooms) => rooms.split(", "));
const files = globSync("src/**/*.ts").filter((file) => !file.endsWith(".test.ts"));

/** A file may import its own room and the rooms on lower floors: never up, never sideways. */
it.each(files)("%s imports only downwards", (file) => {
  expect(floors.flat()).toContain(roomOf(file));
  expect(importsOf(file).filter((other) => floorOf(other) >= floorOf(file))).toEqual([]);
});

it("has no circle of imports", () => {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    if (path.includes(file)) throw new Error(`circle: ${[...path, file].join(" → ")}`);
    if (done.has(file)) return;
    path.push(file);
    // Types vanish: a circle that exists only for the compiler runs nothing in the wrong order.
    for (const other of allImportsOf(file, /^import (?!type)[^;]*?from "(\.[^"]+)"/gms))
      visit(other);
    path.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  expect(done.size).toBe(files.length);
});

it("keeps third-party names in their rooms", () => {
  const rooms: [RegExp, RegExp][] = [
    [/from "(fastify|@fastify\/.*)"/, /^src\/http\//],
    [/"@redis\/client"/, /^src\/store\/redis\//],
    [/from "koffi"/, /^src\/serve\/engine\//],
    [/from "node:sqlite"/, /^src\/store\//],
    [/from "undici"/, /^src\/serve\/providers\//],
    [/process\.env\b/, /^src\/(config|cli)\//],
    [/from "pino"/, /^src\/cli\//],
    [/from "pg"|import\("pg"\)/, /^src\/store\//],
    [/from "openid-client"|import\("openid-client"\)/, /^src\/access\//],
  ];
  for (const [name, room] of rooms) {
    const strays = files.filter(
      (file) => name.test(readFileSync(file, "utf8")) && !room.test(file),
    );
    expect({ name, strays }).toEqual({ name, strays: [] });
  }
});

it("has no baskets", () => {
  const baskets = /(^|\/)(utils?|helpers?|common|types|manager|service|impl|base|index)\.ts$/;
  expect(files.filter((file) => baskets.test(file))).toEqual([]);
});

function importsOf(file: string): string[] {
  return allImportsOf(file, /from "(\.[^"]+)"|import\("(\.[^"]+)"\)/g).filter(
    (other) => roomOf(other) !== roomOf(file),
  );
}

function allImportsOf(file: string, pattern: RegExp): string[] {
  return Array.from(readFileSync(file, "utf8").matchAll(pattern), ([, fixed, dynamic]) =>
    join(dirname(file), fixed ?? dynamic ?? ""),
  ).filter((other) => other.endsWith(".ts"));
}

function roomOf(file: string): string {
  return file.split("/")[1] ?? "";
}

function floorOf(file: string): number {
  return floors.findIndex((rooms) => rooms.includes(roomOf(file)));
}
