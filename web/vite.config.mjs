/** The page is built into dist/web, without anything inline: its Content-Security-Policy allows none. */
export default {
  publicDir: 'public',
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    reportCompressedSize: false,
  },
  logLevel: 'warn',
};
