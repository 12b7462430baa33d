import express, { type Express } from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RawConnection } from '../../../test/helpers/servers/raw-connection.js';
import { until } from '../../../test/helpers/wait.js';
import { bodyWithin, closeUnread } from './unread-body.js';

describe('a body that is not read to its end', () => {
  let server: Server;
  let connection: RawConnection;
  const listen = async (app: Express) => {
    server = app.listen(0, '127.0.0.1');
    await until(() => server.listening);
    connection = new RawConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  };
  afterEach(() => {
    connection.destroy();
    server.close();
  });
  const head = (line: string) => `${line} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n`;

  describe('within its time', () => {
    let finished: string[];
    beforeEach(async () => {
      finished = [];
      const app = express().use(closeUnread, bodyWithin(100));
      app.use((request, response) => {
        request.resume().on('end', () => response.send('whole'));
        response.on('close', () => finished.push(request.path));
      });
      await listen(app);
    });

    it('is a 408, and the connection closes', async () => {
      connection.send(head('POST /webhooks'), '12345');

      await connection.closed();

      expect(connection.received).toMatch(
        /^HTTP\/1\.1 408 [^]*Connection: close[^]*"code":"REQUEST_TIMEOUT"/,
      );
    });

    it.each(['POST /upload', 'POST /upload/', 'POST /Upload'])('has all the time as %s', async (line) => {
      connection.send(head(line), '12345');
      const other = new RawConnection(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      other.send(head('POST /webhooks'), '12345');
      await other.closed(); // the time is over

      connection.send('67890');

      await until(() => connection.received.includes('whole'));
      expect(connection.received).toMatch(/^HTTP\/1\.1 200 /);
    });

    it('is no matter once the answer is sent', async () => {
      connection.send(head('POST /webhooks'), '1234567890');
      await until(() => finished.length === 1);
      connection.send(head('POST /again'), '1234567890');
      await until(() => finished.length === 2);

      await until(() => connection.received.match(/HTTP\/1\.1 200 /g)?.length === 2);
      expect(connection.isOpen).toBe(true);
    });
  });

  it('is dropped for a while after the answer, so that the answer arrives', async () => {
    const app = express().use(closeUnread);
    app.use((_request, response) => void response.status(403).json({ error: 'no' }));
    await listen(app);
    connection.send(head('POST /'));

    await until(() => connection.received.includes('"no"'));
    const wasOpen = connection.isOpen;
    connection.send('1234567890');

    expect(wasOpen).toBe(true);
    expect(await connection.closed()).toBe('ended');
  });
});
