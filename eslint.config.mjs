import tseslint from 'typescript-eslint';

const PURE = ['base', 'sip', 'media', 'subscribers', 'calls', 'messages'].map(
  (m) => `src/${m}/**/*.ts`,
);
const say = (name, port) => ({
  name,
  message: `Pure module: take ${port} as an argument instead.`,
});

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'data', '.denwaban', 'test-results', '**/*.cjs'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // A branded id takes its type from where it is made: `newId<CallId>(…)`.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'no-console': 'error',
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 600 }],
      complexity: ['error', 15],
      'max-depth': ['error', 4],
      'max-params': ['error', 4],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Settings are read in src/config/env.ts.' },
      ],
    },
  },
  {
    files: PURE,
    ignores: ['**/*.test.ts', 'src/base/system.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        say('setTimeout', 'a Clock'),
        say('setInterval', 'a Clock'),
        say('setImmediate', 'a Clock'),
        say('process', 'settings'),
        say('fetch', 'a port'),
        say('performance', 'a Clock'),
        say('crypto', 'a Random or hash'),
        say('Buffer', 'a Uint8Array'),
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'Pure module: take now as an argument.',
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Pure module: take now as an argument.',
        },
        {
          selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
          message: 'Pure module: take a Random.',
        },
      ],
    },
  },
  {
    files: ['**/*.test.ts', '**/*.test.tsx', 'test/**', 'bench/**'],
    rules: {
      'max-lines-per-function': 'off',
      'max-lines': 'off',
      'no-console': 'off',
      'no-restricted-properties': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['src/config/**', 'src/cli/**', 'bench/**', 'test/**'],
    rules: { 'no-restricted-properties': 'off' },
  },
  { files: ['web/**/*.tsx'], rules: { 'max-lines-per-function': ['error', { max: 200 }] } },
);
