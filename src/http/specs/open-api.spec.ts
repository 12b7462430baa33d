import express from 'express';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { answeredOnce } from '../open-api.js';

describe('the API document', () => {
  it('is serialised once, however many ask for it', async () => {
    let serialised = 0;
    const app = express();
    app.get('/openapi.yaml', answeredOnce());
    app.get('/openapi.yaml', (_request, response) => {
      serialised++;
      response.type('text/yaml').send('openapi: 3.1.0');
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/openapi.yaml`;

    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(url)));

    for (const answer of answers) {
      expect(answer.headers.get('content-type')).toBe('text/yaml; charset=utf-8');
      expect(await answer.text()).toBe('openapi: 3.1.0');
    }
    expect(serialised).toBe(1);
    server.closeAllConnections();
    server.close();
  });
});
