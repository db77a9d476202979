import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** Where `vite` (the development server) sends API calls: a running Weir, or `npm run mock`. */
const api = process.env["WEIR_URL"] ?? "http://127.0.0.1:8080";

/** Browsers that know `light-dark()`, so that the build leaves it alone. */
const BROWSERS = ["chrome123", "firefox120", "safari17.5"];

export default defineConfig({
  plugins: [react()],
  // Nothing is inlined as a data: URL; the server's content policy allows files of its own only.
  build: { target: BROWSERS, cssTarget: BROWSERS, assetsInlineLimit: 0, modulePreload: false },
  server: {
    proxy: { "/admin": api, "/auth": api, "/v1": api, "/openapi.json": api, "/docs": api },
  },
});
