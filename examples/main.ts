/** `npm run example [-- NAME]`: runs one example, or all; each checks itself and fails when it is wrong. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const names = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const [wanted] = process.argv.slice(2);
if (wanted !== undefined && !names.includes(wanted)) {
  process.stderr.write(`There is no example "${wanted}". There are: ${names.join(", ")}\n`);
  process.exit(2);
}
let failed = 0;
for (const name of wanted === undefined ? names : [wanted]) {
  console.log(`--- ${name}`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, name, "main.ts")], {
    stdio: "inherit",
  });
  if (status !== 0) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);
