import { describeOnS3, type TestBucket } from '../servers/test-bucket.js';
import { describeOnEachEngine, type Engine } from './engines.js';

/** Runs the same tests on each engine, with the files in a folder, and with them in a bucket where there is an object storage. */
export function describeOnEachStorage(title: string, tests: (engine: Engine) => void): void {
  describeOnEachEngine(title, tests);
  describeOnS3(title, (open) =>
    describeOnEachEngine('in a bucket', (engine) => tests(inBucket(engine, open))),
  );
}

/** Each installation has a bucket of its own. */
function inBucket(engine: Engine, open: () => Promise<TestBucket>): Engine {
  return {
    ...engine,
    async install() {
      const { environment, remove } = await engine.install();
      const bucket = await open();
      const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
      const keys = { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY };
      return {
        environment: { ...environment, ...bucket.settings(), ...keys },
        async remove() {
          await remove();
          await bucket.remove();
        },
      };
    },
  };
}
