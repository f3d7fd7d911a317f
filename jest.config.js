/** Unit tests run in parallel; integration and e2e have their own global set-up (see test/README.md). */
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
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
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
  ],
};
