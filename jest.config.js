// SWC turns our TypeScript, and the packages that ship as ES modules only, into CommonJS:
// Jest can't load the latter under Node 20 otherwise.
const swc = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
  swcrc: false,
};

export default {
  rootDir: '.',
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{src,test}/**/*.{spec,e2e-spec}.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  // A bound for what hangs, not for what is slow: nothing comes near it, also on a busy machine.
  testTimeout: 600_000,
  reporters: ['default', '<rootDir>/scripts/end-of-tests.mjs'],
  // Two cores: more suites side by side only wait for each other.
  maxWorkers: 2,
  // A worker keeps much of every suite it ran. Above so much heap a new one takes its place: collecting garbage in a large heap falls into
  // the slices of the main thread that suites measure.
  workerIdleMemoryLimit: '700MB',
  moduleNameMapper: {
    '^file-type$': '<rootDir>/node_modules/file-type/index.js',
    '^(\\.{1,2}/.*)\\.js$': ['$1', '$1.js'],
  },
  transform: { '^.+\\.(ts|js|mjs)$': ['@swc/jest', swc] },
  transformIgnorePatterns: [
    '/node_modules/(?!(@nestjs|any-ascii|axios|file-type|strtok3|token-types|@tokenizer|hucre|uint8array-extras|@borewit)/)',
  ],
};
