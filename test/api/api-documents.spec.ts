import { spawnSync } from 'node:child_process';

describe('openapi.json and docs/error-codes.md', () => {
  it('are what the built application gives', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/api-docs.mjs', '--check'], {
      encoding: 'utf8',
    });

    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
