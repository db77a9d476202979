import { expect, it } from "vitest";
import { MAX_LINES, checkInput } from "./input.ts";

const URL = "/v1/chat/completions";

async function* lines(count: number, more: object = {}): AsyncGenerator<string> {
  for (let at = 0; at < count; at += 1) {
    yield JSON.stringify({
      custom_id: `c${at}`,
      method: "POST",
      url: URL,
      body: { model: "chat" },
      ...more,
    });
  }
}

it("takes fifty thousand lines and no more", async () => {
  expect(await checkInput(lines(MAX_LINES), URL)).toEqual({ total: MAX_LINES, faults: [] });
  const { faults } = await checkInput(lines(MAX_LINES + 5), URL);
  expect(faults).toMatchObject([{ code: "too_many_lines", line: null }]);
});

it("names a hundred faults at most", async () => {
  const { faults } = await checkInput(lines(1000, { method: "PUT" }), URL);
  expect(faults).toHaveLength(100);
  expect(faults[99]).toMatchObject({ line: 100, param: "method" });
});

it("wants a model in every body", async () => {
  const { faults } = await checkInput(lines(1, { body: {} }), URL);
  expect(faults).toMatchObject([{ line: 1, param: "body.model" }]);
});
