import { expect, it } from "vitest";
import { toUpstreamError } from "./upstream-error.ts";

const headOf = (status: number, retryAfter?: string) => ({
  status,
  contentType: "application/json",
  retryAfter,
});

it.each([
  [408, "it took too long"],
  [424, "Request failed during generation: CUDA error"],
  [425, "too early"],
])("gives another target its chance where a server says %i", (status, message) => {
  const error = toUpstreamError("tgi", headOf(status), JSON.stringify({ error: { message } }));
  expect(error).toMatchObject({ code: "provider_failed", retryable: true });
  expect(error.message).toContain(message);
});

it("leaves what is wrong with the request to its client", () => {
  expect(toUpstreamError("tgi", headOf(422), '{"error":"bad"}')).toMatchObject({
    code: "invalid_request",
    retryable: false,
  });
});

it.each([429, 503, 529])("hears how long a server wants to be left alone with %i", (status) => {
  expect(toUpstreamError("x", headOf(status, "7"), "").retryAfterMs).toBe(7000);
  const soon = new Date(Date.now() + 60_000).toUTCString();
  const waitMs = toUpstreamError("x", headOf(status, soon), "").retryAfterMs ?? 0;
  expect(waitMs).toBeGreaterThan(50_000);
  expect(waitMs).toBeLessThanOrEqual(60_000);
  expect(toUpstreamError("x", headOf(status, "soon"), "").retryAfterMs).toBeUndefined();
  expect(toUpstreamError("x", headOf(status), "").retryAfterMs).toBeUndefined();
});
