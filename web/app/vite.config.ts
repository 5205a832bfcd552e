import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";

const gateway = "http://127.0.0.1:8080";

export default defineConfig({
  resolve: { conditions: ["neuraldocflow-source", "module", "browser", "development|production"] },
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": gateway, "/v1": { target: gateway, ws: true } } },
  plugins: [
    react(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src",
      filename: "worker.ts",
      injectRegister: false,
      injectManifest: {
        globPatterns: [
          "index.html",
          "assets/*.{js,css}",
          "assets/inter-latin-wght*",
          "icon.svg",
          "icon-192.png",
        ],
        // The bundler's own hash is in the name already.
        dontCacheBustURLsMatching: /^assets\//,
      },
      manifest: {
        id: "/",
        name: "NeuralDocFlow",
        short_name: "DocFlow",
        description: "Documents in, validated and traceable data out.",
        lang: "en",
        start_url: "/",
        scope: "/",
        display: "standalone",
        background_color: "#f4f5f8",
        theme_color: "#3c4fe0",
        categories: ["productivity", "business"],
        icons: [
          { src: "/icon.svg", sizes: "any", type: "image/svg+xml" },
          { src: "/icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "/icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "/icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
      },
    }),
  ],
});
