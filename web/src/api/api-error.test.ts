import { expect, it } from "vitest";
import { adviceFor, toApiError, unreachable } from "./api-error.ts";

it("reads the server's envelope", () => {
  const body = {
    error: { message: "Slow down.", type: "t", code: "rate_limited", param: null, request_id: "r" },
  };
  expect(toApiError(429, body)).toMatchObject({
    message: "Slow down.",
    status: 429,
    code: "rate_limited",
    requestId: "r",
  });
});

it("finds words for an answer in no known shape", () => {
  expect(toApiError(502, undefined)).toMatchObject({
    message: "The server answered with HTTP 502.",
    code: "unexpected_answer",
    requestId: null,
  });
  expect(adviceFor(toApiError(502, "<html>"))).toContain("log");
});

it("says what helps, and nothing where nothing does", () => {
  expect(adviceFor(unreachable(new TypeError("fetch failed")))).toContain("running");
  expect(adviceFor(toApiError(401, { error: { code: "unauthorized" } }))).toContain("Sign in");
  expect(adviceFor(toApiError(400, { error: { code: "invalid_request" } }))).toBe("");
});
