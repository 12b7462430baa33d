import path from 'node:path';

/** The folder of the project. */
export const ROOT = path.resolve(__dirname, '../..');

/** The built application. */
export const MAIN = path.join(ROOT, 'dist/src/main.js');
