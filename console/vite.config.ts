import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Built into the package: the server answers these files below /console/.
export default defineConfig({
  base: "/console/",
  plugins: [react()],
  build: {
    outDir: "../src/lambdad/console_files",
    emptyOutDir: true,
    assetsInlineLimit: 0, // fonts and pictures as files: the policy of the page allows nothing inline
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 2000,
  },
  server: { proxy: { "^/(?!console/)": "http://127.0.0.1:4566" } },
});
