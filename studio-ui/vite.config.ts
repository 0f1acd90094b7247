import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The bundle is committed: names are fixed, so that a change shows as a change of a file and not as another file.
export default defineConfig({
  plugins: [react()],
  base: "/",
  build: {
    outDir: "../src/hortus/studio/static",
    emptyOutDir: true,
    sourcemap: false,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        entryFileNames: "assets/[name].js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
});
