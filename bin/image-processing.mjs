#!/usr/bin/env node
// `npx . compress products.csv`: in a checkout it is built first, in a package it is there.
import { existsSync } from 'node:fs';

if (existsSync(new URL('../src', import.meta.url))) {
  const { prepare } = await import('../scripts/prepare.mjs');
  prepare();
}
await import('../dist/src/command-line/main.js');
