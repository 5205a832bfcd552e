import { store, stored } from "./stored.ts";

export type Theme = "light" | "dark";
const NAME = "neuraldocflow-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

const listeners = new Set<() => void>();

/** Hear when another theme is shown. */
export function onTheme(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The theme that was chosen, else the system's. */
export function theme(): Theme {
  const chosen = stored(NAME);
  if (chosen === "light" || chosen === "dark") return chosen;
  return dark.matches ? "dark" : "light";
}

export function showTheme(): void {
  document.documentElement.dataset.theme = theme();
  for (const listener of listeners) listener();
}

export function chooseTheme(chosen: Theme): void {
  store(NAME, chosen);
  showTheme();
}

dark.addEventListener("change", showTheme);
