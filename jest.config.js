/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // Jest would leave one of two cores idle: half of the time tests wait for processes that they have started.
  maxWorkers: '100%',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts', '.mts'],
  // Sources import './x.js', as TypeScript wants it; here that is ./x.ts.
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^decant$': '<rootDir>/src/index.ts',
    '^decant/testing$': '<rootDir>/src/testing.ts',
  },
  transform: {
    '^.+\\.m?ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  setupFilesAfterEnv: ['<rootDir>/test/helpers/setup.ts'],
  collectCoverageFrom: ['src/**/*.ts'],
  coverageReporters: ['text', 'json-summary'],
  coverageThreshold: { global: { lines: 90, branches: 90 } },
};
