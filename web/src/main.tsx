import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { shouldRetry } from "./api/queries.ts";
import { App } from "./app.tsx";
import { applyTheme } from "./parts/theme.tsx";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/overview.css";
import "./styles/playground.css";
import "./styles/targets.css";
import "./styles/calls.css";
import "./styles/traces.css";
import "./styles/figures.css";
import "./styles/pages.css";
import "./styles/keys.css";
import "./styles/guard.css";
import "./styles/models.css";
import "./styles/ship.css";

const client = new QueryClient({
  defaultOptions: { queries: { retry: shouldRetry, staleTime: 1000 } },
});

applyTheme();
const root = document.querySelector("#root");
if (root === null) throw new Error("index.html lacks the element #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
