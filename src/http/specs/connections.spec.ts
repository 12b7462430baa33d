import type { NestExpressApplication } from '@nestjs/platform-express';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RawConnection } from '../../../test/helpers/servers/raw-connection.js';
import { until } from '../../../test/helpers/wait.js';
import { limitConnections } from '../connections.js';

describe('the connections of a server', () => {
  let server: Server;
  let connections: RawConnection[];
  const open = () => {
    const connection = new RawConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    connections.push(connection);
    return connection;
  };

  beforeEach(async () => {
    connections = [];
    server = createServer((_request, response) => response.end('answered'));
    limitConnections({ getHttpServer: () => server } as unknown as NestExpressApplication, 2);
    server.listen(0, '127.0.0.1');
    await until(() => server.listening);
  });
  afterEach(() => {
    for (const connection of connections) connection.destroy();
    server.close();
  });

  it('are bounded in number: one too many is closed without an answer, until another has gone', async () => {
    const [first, second] = [open(), open()];
    for (const connection of [first, second]) {
      connection.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await until(() => connection.received.includes('answered'));
    }

    const third = open();
    await third.closed();
    expect(third.received).toBe('');

    first.destroy();
    await until(async () => {
      const next = open();
      next.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      await until(() => !next.isOpen || next.received !== '');
      return next.received.includes('answered');
    });
  });

  it('are bounded in time: 30 s for the headers, 30 minutes for an upload, ten minutes without a byte', () => {
    expect(server).toMatchObject({ headersTimeout: 30_000, requestTimeout: 1_800_000, timeout: 600_000 });
  });
});
