import config from './jest.config.js';

/** The specs beside their sources, without the slow ones: seconds, and neither a build nor a server is needed. */
export default {
  ...config,
  roots: ['<rootDir>/src', '<rootDir>/test/helpers'],
  testPathIgnorePatterns: ['\\.slow\\.spec\\.ts$'],
};
