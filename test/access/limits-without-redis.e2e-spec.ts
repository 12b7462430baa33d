import { describeOnServers } from '../helpers/app/engines.js';
import { startApp } from '../helpers/app/test-app.js';
import { cuttableProxy } from '../helpers/servers/cuttable-proxy.js';

const ADMIN = 'admin-key-0123456789';
const PER_MINUTE = 40;

describeOnServers('limits of a key while Redis is away', (engine) => {
  it('are counted by the process itself, and no call is lost', async () => {
    const installation = await engine.install();
    const proxy = await cuttableProxy(new URL(installation.environment.REDIS_URL));
    const app = await startApp(installation, {
      API_KEYS: ADMIN,
      CALLS_PER_MINUTE: String(PER_MINUTE),
      REDIS_URL: proxy.url.href,
    });
    const leftAfterCall = async () => {
      const { status, headers } = await app.client.get('/usage');
      return { status, left: Number(/r=(\d+)/.exec(headers.get('ratelimit')!)![1]) };
    };
    const counted = [await leftAfterCall(), await leftAfterCall(), await leftAfterCall()];
    await proxy.cut();
    const first = await leftAfterCall();
    const answers = await Promise.all(Array.from({ length: PER_MINUTE + 10 }, leftAfterCall));
    await app.close();
    await installation.remove();

    expect(counted.map(({ left }) => left)).toEqual([PER_MINUTE - 1, PER_MINUTE - 2, PER_MINUTE - 3]);
    expect(first.status).toBe(200);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(first.left);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(PER_MINUTE + 10 - first.left);
  });
});
