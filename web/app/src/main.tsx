import "@fontsource-variable/inter/wght.css";
import "@neuraldocflow/react/style.css";
import "./app.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { showTheme } from "./theme.ts";

showTheme();
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
