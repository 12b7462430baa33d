import path from 'node:path';

const MAX_OPEN_MS = 5_000;

/** A Jest reporter. It says how to see more when a test failed, and ends a Jest that something keeps running. */
export default class EndOfTests {
  onRunComplete(_contexts, { testResults }) {
    const failed = testResults.filter(
      ({ numFailingTests, testExecError }) => numFailingTests || testExecError,
    );
    if (failed.length > 0 && !process.env.TEST_LOG) {
      const file = path.relative(process.cwd(), failed[0].testFilePath);
      console.error(`\nTEST_LOG=1 shows what the application logs: TEST_LOG=1 npm test -- ${file}`);
    }
    setTimeout(giveUp, MAX_OPEN_MS).unref();
  }
}

/** A suite that fails may leave a socket, a timer or a process behind, which would keep Jest running forever. */
function giveUp() {
  console.error(
    `\nJest still runs ${MAX_OPEN_MS / 1000} s after the last test, because of: ${openResources()}.\n` +
      'A suite has not closed what it opened. npm test -- --detectOpenHandles FILE shows where it was opened.',
  );
  process.exit(1);
}

function openResources() {
  return process.getActiveResourcesInfo().join(', ');
}
