import { expect, it } from "vitest";
import { locateLibrary } from "./library-place.ts";

it("names the package that a machine without a library needs", () => {
  const locate = (): unknown => locateLibrary("linux", "mips");
  expect(locate).toThrow(expect.objectContaining({ code: "model_unavailable" }));
  expect(locate).toThrow("npm install @node-llama-cpp/linux-mips@3.22.1");
});

it("knows the packages' own names of systems", () => {
  expect(() => locateLibrary("darwin", "mips")).toThrow("@node-llama-cpp/mac-mips");
  expect(() => locateLibrary("win32", "mips")).toThrow("@node-llama-cpp/win-mips");
});
