import { expect, it } from "vitest";
import { placeOf } from "./link-place.ts";

it.each([
  ["/o/t/projects/p/s/r/run-1", { kind: "path", path: "/traces/run-1" }],
  ["/o/t/projects/p/s", { kind: "path", path: "/traces?window=all&project=s" }],
  ["/o/t/projects", { kind: "path", path: "/traces" }],
  ["/o/t/r/run-1", { kind: "path", path: "/traces/run-1" }],
  ["/o/t/datasets/d", { kind: "dataset", id: "d" }],
  ["/o/t/datasets/d/compare", { kind: "dataset", id: "d" }],
  ["/public/token/r", { kind: "shared", token: "token" }],
  ["/prompts/greeting/abcdef12", { kind: "prompt", name: "greeting", commit: "abcdef12" }],
  ["/prompts/my%20words", { kind: "prompt", name: "my words", commit: null }],
  ["/hub/me/greeting", { kind: "prompt", name: "greeting", commit: null }],
  ["/o/t/settings", { kind: "unknown" }],
])("leads %s to its place", (path, place) => expect(placeOf(path)).toEqual(place));
