import react from '@vitejs/plugin-react';
import { defineConfig, loadEnv } from 'vite';
import type { UserConfig } from 'vite';

// The pages are built into dist/web, which the app serves. `npx vite` serves them with hot reload
// and hands everything under /api to a running app.
export default defineConfig(({ mode }): UserConfig => {
  const settings = loadEnv(mode, '.', 'DENWABAN_');
  const target = `http://localhost:${settings['DENWABAN_HTTP_PORT'] ?? '8080'}`;
  return {
    root: 'web',
    plugins: [react()],
    build: {
      outDir: '../dist/web',
      emptyOutDir: true,
      target: 'es2023',
      rolldownOptions: {
        output: {
          // One chunk for what every area needs, so that a new console leaves it in the cache.
          codeSplitting: { groups: [{ name: 'vendor', test: /node_modules/, minShareCount: 2 }] },
        },
      },
    },
    server: {
      host: 'localhost',
      proxy: { '/api': { target, ws: true } },
    },
  };
});
