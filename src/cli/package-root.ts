import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of package.json: two floors above this file, in `src/` as in `dist/`. */
export const PACKAGE_ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
