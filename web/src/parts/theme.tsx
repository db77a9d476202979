import { useSyncExternalStore } from "react";
import { Icon, type IconName } from "./icon.tsx";

type Theme = "system" | "light" | "dark";

const STORED = "weir-theme";
const ORDER: readonly Theme[] = ["system", "light", "dark"];
const SIGN: Record<Theme, IconName> = { system: "system", light: "sun", dark: "moon" };
const listeners = new Set<() => void>();
let theme = storedTheme();

/** Sets the stored theme on the page; called once before the first render. */
export function applyTheme(): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** Called whenever the page's colours may have changed: by the button, or by the system. */
export function onThemeChange(listener: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  listeners.add(listener);
  system.addEventListener("change", listener);
  return () => {
    listeners.delete(listener);
    system.removeEventListener("change", listener);
  };
}

export function ThemeButton() {
  const current = useSyncExternalStore(onThemeChange, () => theme);
  const next = ORDER[(ORDER.indexOf(current) + 1) % ORDER.length] ?? "system";
  return (
    <button
      type="button"
      className="rail-button"
      onClick={() => setTheme(next)}
      aria-label={`Theme: ${current}. Change to ${next}`}
      title={`Theme: ${current}`}
    >
      <Icon name={SIGN[current]} size={16} />
    </button>
  );
}

function setTheme(wanted: Theme): void {
  theme = wanted;
  try {
    localStorage.setItem(STORED, wanted);
  } catch {
    // A browser that stores nothing still gets the theme for this visit.
  }
  applyTheme();
  for (const listener of listeners) listener();
}

function storedTheme(): Theme {
  try {
    return ORDER.find((name) => name === localStorage.getItem(STORED)) ?? "system";
  } catch {
    return "system";
  }
}
