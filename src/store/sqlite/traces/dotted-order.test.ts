import { expect, it } from "vitest";
import { packDotted, unpackDotted } from "./dotted-order.ts";

const A = "20260615T123000123456Z0199a3f0-1c2d-7e4f-8a5b-6c7d8e9f0a1b";
const B = "20261231T235959000000Z0199a3f0-1c2d-7e4f-8a5b-6c7d8e9f0a1c";
const C = "19991231T000000999999Z0199a3f0-1c2d-7e4f-8a5b-6c7d8e9f0a1d";

it.each([A, `${A}.${B}`, `${A}.${C}`, `${A}.${B}.${C}`, `${B}.${A}`])("gives %s back", (order) => {
  const packed = packDotted(order);
  expect(packed).toBeInstanceOf(Uint8Array);
  expect(unpackDotted(packed)).toBe(order);
});

it.each([
  "",
  "nonsense",
  `${A}.nonsense`,
  `nonsense.${A}`,
  A.replace("0615", "0230"),
  A.replace("0615", "1301"),
  `${A}..${B}`,
])("keeps %s as it came", (order) => {
  expect(packDotted(order)).toBe(order);
  expect(unpackDotted(packDotted(order))).toBe(order);
});
