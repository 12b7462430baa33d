import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What each folder of src/ must not import: data flows one way (docs/architecture.md). */
const FORBIDDEN = {
  database: [
    'queue',
    'storage',
    'outbound',
    'uploads',
    'requests',
    'images',
    'webhooks',
    'health',
    'samples',
  ],
  queue: ['storage', 'outbound', 'uploads', 'requests', 'images', 'webhooks', 'health', 'samples'],
  storage: ['queue', 'outbound', 'uploads', 'requests', 'images', 'webhooks', 'health', 'samples'],
  outbound: ['queue', 'storage', 'uploads', 'requests', 'images', 'webhooks', 'health', 'samples'],
  uploads: ['health', 'samples'],
  requests: ['uploads', 'images', 'health', 'samples'],
  images: ['uploads', 'webhooks', 'health', 'samples'],
  webhooks: ['uploads', 'requests', 'images', 'health', 'samples'],
  health: ['uploads', 'requests', 'images', 'webhooks', 'outbound', 'samples'],
  samples: ['uploads', 'requests', 'images', 'webhooks', 'queue', 'storage', 'outbound', 'health'],
};

/** The files that put the application together know the folders, never the other way round. */
const ENTRANCES = [
  '../main.js',
  '../create-app.js',
  '../app.module.js',
  '../worker.js',
  '../error.filter.js',
];

/** What opens connections: only outbound/ may, so that no address of a user's gets around its checks. */
const NETWORK = ['axios', '@nestjs/axios', 'undici'].concat(
  ['http', 'https', 'http2', 'net', 'tls'].flatMap((name) => [name, `node:${name}`]),
);
const onlyOutboundConnects = NETWORK.map((name) => ({ name, message: 'Only outbound/ opens connections.' }));

const directions = Object.entries(FORBIDDEN).map(([folder, others]) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths: folder === 'outbound' ? [] : onlyOutboundConnects,
        patterns: [
          {
            group: [...others.map((other) => `../${other}/*`), ...ENTRANCES],
            message: `${folder} may not depend on it.`,
          },
        ],
      },
    ],
  },
}));

/** Bytes and options in, bytes and a report out: the engine knows nothing else of the application. */
const pureEngine = {
  files: ['src/images/engine/*.ts'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths: onlyOutboundConnects,
        patterns: [
          {
            regex:
              '^\\.\\./(?!\\.\\./(errors|requests/compression-options|requests/requests\\.service)\\.js$)',
            message: 'The engine depends on its options and report only.',
          },
        ],
      },
    ],
  },
};

/** What files of each format look like inside: bytes alone, read by nobody but us. */
const pureFormats = {
  files: ['src/images/engine/formats/*.ts'],
  rules: {
    'no-restricted-imports': 'off',
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        paths: [
          ...onlyOutboundConnects,
          { name: 'sharp', allowTypeImports: true, message: 'Formats are read without libvips.' },
        ],
        patterns: [
          {
            regex: '^\\.\\./(?!\\.\\./\\.\\./(errors|requests/compression-options)\\.js$)',
            message: 'The engine knows the formats, not the other way round.',
          },
        ],
      },
    ],
  },
};

export default tseslint.config(
  { ignores: ['dist', 'data', 'coverage', 'node_modules'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        FormData: 'readonly',
        Blob: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        performance: 'readonly',
        AbortSignal: 'readonly',
      },
    },
  },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      'no-restricted-globals': ['error', { name: 'fetch', message: 'Only outbound/ opens connections.' }],
      'no-control-regex': 'off', // bytes of file formats, and what must not be in a name
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only config.ts reads the environment.',
        },
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        {
          selector: "MemberExpression[object.name='URL'][property.name='canParse']",
          message: 'Use parseUrl.',
        },
      ],
    },
  },
  {
    files: ['src/config.ts', 'test/**', 'bench/**', '**/*.spec.ts'],
    rules: { 'no-restricted-syntax': 'off', 'no-restricted-globals': 'off' },
  },
  { files: ['test/**', '**/*.spec.ts'], rules: { '@typescript-eslint/no-explicit-any': 'off' } },
  ...directions,
  pureEngine,
  pureFormats,
  {
    files: ['**/*.spec.ts'],
    rules: { 'no-restricted-imports': 'off', '@typescript-eslint/no-restricted-imports': 'off' },
  },
);
