/**
 * Unit tests need nothing, those of the ecosystem its tools; the others start what they need: integration and operator once for
 * all their files, e2e by itself.
 */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
};

export default {
  // Generous: a wait in a test has a deadline of its own, which says what it waited for.
  testTimeout: 90_000,
  // Of `test.concurrent`, in one file: for tests that wait for most of their time.
  maxConcurrency: 16,
  // All cores. Here and not in the script `unit`, where a --maxWorkers beside it would be read as 100 workers.
  maxWorkers: '100%',
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    { ...common, displayName: 'ecosystem', testMatch: ['<rootDir>/test/ecosystem/**/*.test.ts'] },
    {
      ...common,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.test.ts'],
      globalSetup: '<rootDir>/test/integration/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/integration/support/global-teardown.ts',
    },
    {
      ...common,
      displayName: 'operator',
      testMatch: ['<rootDir>/test/operator/**/*.test.ts'],
      globalSetup: '<rootDir>/test/operator/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/operator/support/global-teardown.ts',
    },
    // Each file starts what it needs, because it takes it down.
    { ...common, displayName: 'outage', testMatch: ['<rootDir>/test/outage/**/*.test.ts'] },
    // On a node that dev/machine/main.ts runs jest on; the node is started once for all its files.
    {
      ...common,
      displayName: 'node',
      testMatch: ['<rootDir>/test/node/**/*.test.ts'],
      globalSetup: '<rootDir>/test/node/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/node/support/global-teardown.ts',
    },
    { ...common, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
  ],
};
