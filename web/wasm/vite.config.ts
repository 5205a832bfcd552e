import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** One file with nothing to resolve, for pages without a bundler; the gateway serves it at `/wasm/neuraldocflow.js`. */
export default defineConfig({
  resolve: { conditions: ["neuraldocflow-source", "module", "browser", "development|production"] },
  build: {
    lib: {
      entry: fileURLToPath(new URL("src/index.ts", import.meta.url)),
      formats: ["es"],
      fileName: () => "neuraldocflow.js",
    },
    outDir: "dist/page",
    target: "es2022",
  },
});
