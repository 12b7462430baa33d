import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { rootCertificates } from 'node:tls';
import { Database } from '../../src/database/database.js';
import { describeOnServers, type Installation } from '../helpers/app/engines.js';
import { Service } from '../helpers/app/service.js';
import { startApp } from '../helpers/app/test-app.js';

describeOnServers('a database with TLS', (engine) => {
  const certificates = process.env.TEST_MYSQL_CA;
  let installation: Installation;
  let overTls: Record<string, string>;

  beforeAll(async () => {
    installation = await engine.install();
    const url = new URL(installation.environment.DATABASE_URL);
    url.hostname = 'localhost'; // the host of the certificate
    overTls = { DATABASE_URL: url.href };
  });
  afterAll(() => installation.remove());

  const file = (name: string, text: string) => {
    const written = path.join(installation.environment.DATA_DIR, name);
    writeFileSync(written, text);
    return written;
  };

  (certificates ? it : it.skip)('is used encrypted with DATABASE_CA', async () => {
    const app = await startApp(installation, { ...overTls, DATABASE_CA: certificates! });

    const [{ Value }] = await app.nest.get(Database).manager.query("SHOW STATUS LIKE 'Ssl_cipher'");

    expect(Value).not.toBe('');
    await app.close();
  });

  (certificates ? it : it.skip)('is refused where another authority would have to vouch for it', async () => {
    await expect(startInProcess(file('other.pem', rootCertificates[0]))).rejects.toThrow(
      /^ended with 1:[^]*certificate/,
    );
  });

  it.each([
    ['is missing', () => '/no/such/file.pem', /DATABASE_CA: the file can't be read \(ENOENT\)/],
    ['holds none', () => file('none.pem', 'nothing'), /DATABASE_CA: the file holds no certificate/],
  ])('is refused where the file of certificates %s', async (_what, name, message) => {
    await expect(startInProcess(name())).rejects.toThrow(message);
  });

  // A process of its own: Nest does not close what a failed start has opened, here the connections to Redis.
  function startInProcess(certificate: string): Promise<Service> {
    return Service.start({
      ...installation.environment,
      ...overTls,
      DATABASE_CA: certificate,
      PORT: '0',
    });
  }
});
