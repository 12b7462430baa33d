import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** What each folder of src/ must not import: data flows one way (docs/architecture.md). */
const FORBIDDEN = {
  database: ['queue', 'storage', 'outbound', 'uploads', 'requests', 'images', 'health'],
  queue: ['storage', 'outbound', 'uploads', 'requests', 'images', 'health'],
  storage: ['queue', 'outbound', 'uploads', 'requests', 'images', 'health'],
  outbound: ['queue', 'storage', 'uploads', 'requests', 'images', 'health'],
  requests: ['uploads', 'images', 'health'],
  images: ['uploads', 'health'],
  health: ['uploads', 'requests', 'images'],
};

const directions = Object.entries(FORBIDDEN).map(([folder, others]) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          { group: others.map((other) => `../${other}/*`), message: `${folder} may not depend on it.` },
        ],
      },
    ],
  },
}));

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
    rules: { 'no-restricted-syntax': 'off' },
  },
  { files: ['test/**', '**/*.spec.ts'], rules: { '@typescript-eslint/no-explicit-any': 'off' } },
  ...directions,
);
