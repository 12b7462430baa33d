import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/**
 * The floors of src/ (docs/architecture.md), the lowest first. A folder may import the folders of the floors below its
 * own, never one above, and a neighbour only where SIDEWAYS says so.
 */
const FLOORS = [
  ['config', 'errors', 'files', 'logging', 'concurrency', 'measurements'],
  ['queue', 'storage', 'stored-files', 'outbound', 'events', 'http', 'database', 'secrets', 'access'],
  ['compression', 'tables'],
  ['uploads', 'requests', 'images', 'webhooks', 'previews'],
  ['health', 'metrics', 'samples', 'command-line'],
];

/** What a folder may import of its own floor. */
const SIDEWAYS = {
  files: ['config', 'errors'],
  concurrency: ['errors', 'logging'],
  logging: ['config'],
  config: ['errors'],
  events: ['database'],
  'stored-files': ['database', 'storage'],
  access: ['database', 'http', 'queue', 'secrets'],
  uploads: ['requests', 'images', 'webhooks'],
  images: ['requests'],
  previews: ['uploads', 'requests', 'images', 'health'],
  webhooks: ['requests'],
  metrics: ['health'],
};

/** The libraries import little: they are understood, and tested, alone. */
const LIBRARIES = { compression: ['errors'], tables: ['errors', 'files', 'outbound'] };

const FORBIDDEN = Object.fromEntries(
  FLOORS.flatMap((floor, level) =>
    floor.map((folder) => {
      const allowed = LIBRARIES[folder] ?? [...FLOORS.slice(0, level).flat(), ...(SIDEWAYS[folder] ?? [])];
      return [folder, FLOORS.flat().filter((other) => other !== folder && !allowed.includes(other))];
    }),
  ),
);

/** The files that put the application together know the folders, never the other way round. */
const ENTRANCES = ['main.js', 'create-app.js', 'app.module.js', 'lifecycle.js'];

/** What opens connections: only outbound/ may, so that no address of a user's gets around its checks. */
const NETWORK = ['axios', '@nestjs/axios', 'undici'].concat(
  ['http', 'https', 'http2', 'net', 'tls'].flatMap((name) => [name, `node:${name}`]),
);
const onlyOutboundConnects = NETWORK.map((name) => ({ name, message: 'Only outbound/ opens connections.' }));

/** A library is used through its door; what is behind it may change. */
const tablesHaveOneDoor = {
  regex: '^(\\.\\./)+tables/(?!tables\\.js$)',
  message: 'tables/tables.js is the door of the library.',
};

const directions = Object.entries(FORBIDDEN).map(([folder, others]) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths: folder === 'outbound' ? [] : onlyOutboundConnects,
        patterns: [
          {
            regex: `^(\\.\\./)+((${others.join('|')})/|(${ENTRANCES.join('|')})$)`,
            message: `${folder} may not depend on it.`,
          },
          ...(folder === 'tables' ? [] : [tablesHaveOneDoor]),
          {
            regex: '/compression/(?!(compress|options|formats/image-format)\\.js$)',
            message: 'The door of compression/ is compress.js, with options.js and the names of formats.',
          },
        ],
      },
    ],
  },
}));

/** Bytes and options in, bytes and a report out: the engine knows nothing else of the application. */
const pureEngine = [
  ['src/compression/*.ts', '^\\.\\./(?!errors/)'],
  ['src/compression/{encoding,framing,search,specs}/*.ts', '^\\.\\./\\.\\./(?!errors/)'],
].map(([files, outside]) => ({
  files: [files],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths: onlyOutboundConnects,
        patterns: [{ regex: outside, message: 'The engine depends on its options and report only.' }],
      },
    ],
  },
}));

/** What files of each format look like inside: bytes alone, read by nobody but us. */
const pureFormats = [
  ['src/compression/formats/*.ts', '^\\.\\./(?!options\\.js$|\\.\\./errors/)'],
  ['src/compression/formats/*/*.ts', '^\\.\\./\\.\\./(?!options\\.js$|\\.\\./errors/)'],
].map(([files, outside]) => ({
  files: [files],
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
            regex: outside,
            message: 'The engine knows the formats, not the other way round.',
          },
        ],
      },
    ],
  },
}));

/** The page runs in a browser: its calls go through one file, and its texts stand in another. */
const page = {
  files: ['web/src/**/*.{ts,tsx}'],
  languageOptions: {
    parserOptions: { project: './web/tsconfig.json', tsconfigRootDir: import.meta.dirname },
  },
  rules: {
    '@typescript-eslint/no-floating-promises': 'error',
    '@typescript-eslint/no-misused-promises': 'error',
    'no-restricted-syntax': [
      'error',
      { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
    ],
    'max-lines': ['error', 300],
  },
};

export default tseslint.config(
  { ignores: ['web/src/api/schema.d.ts', 'test/fixtures', 'dist', 'data', 'coverage', 'node_modules'] },
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
        WebAssembly: 'readonly',
      },
    },
  },
  {
    files: ['**/*.ts'],
    ignores: ['web/**'],
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
          message: 'Only config/ reads the environment.',
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
    files: ['src/config/{settings,process-environment}.ts', 'test/**', 'bench/**', '**/*.spec.ts'],
    rules: { 'no-restricted-syntax': 'off', 'no-restricted-globals': 'off' },
  },
  {
    // A client of the API, in a process of its own.
    files: ['src/command-line/*.ts'],
    rules: { 'no-restricted-globals': 'off' },
  },
  { files: ['test/**', '**/*.spec.ts'], rules: { '@typescript-eslint/no-explicit-any': 'off' } },
  page,
  ...directions,
  ...pureEngine,
  ...pureFormats,
  {
    files: ['**/*.spec.ts'],
    rules: { 'no-restricted-imports': 'off', '@typescript-eslint/no-restricted-imports': 'off' },
  },
);
