import { readFileSync } from 'node:fs';
import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';

interface Schema {
  type?: string;
  format?: string;
  example?: unknown;
  default?: unknown;
  enum?: unknown[];
}

describeOnEachEngine('what /docs fills in', (engine) => {
  let installation: Installation;
  let app: TestApp;
  // What ships: the application under test is not built, so its own document lacks the doc comments.
  const document = JSON.parse(readFileSync('openapi.json', 'utf8'));

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
  });
  afterAll(async () => {
    await app.close();
    await installation.remove();
  });

  it('is taken by POST /upload, empty fields included', async () => {
    const { properties } = document.components.schemas.UploadForm as { properties: Record<string, Schema> };
    const form = new FormData();
    for (const [name, schema] of Object.entries(properties)) {
      if (schema.format === 'binary')
        form.append(
          name,
          new Blob([csvOf([['Mug', [`${app.client.url}/samples/desk-lamp.png`]]])]),
          'products.csv',
        );
      else form.append(name, String(filledIn(schema)));
    }

    const response = await fetch(`${app.client.url}/upload`, { method: 'POST', body: form });
    const { request_id } = (await response.json()) as { request_id: string };
    const { json } = await app.client.get(`/requests/${request_id}`);

    expect(response.status).toBe(200);
    expect(json.options).toEqual({
      ...{ quality: 50, target: null, format: 'keep', max_width: null, max_height: null },
      ...{ effort: 'balanced', metadata: 'none', measure: 'none' },
      ...{ for: null, canvas: 'none', background: null, fill: null, trim: false, enlarge: false },
    });
  });

  it('is taken by POST /webhooks and by a rotation of its secret', async () => {
    const created = await app.client.send('POST', '/webhooks', bodyOf('/webhooks'));
    const path = `/webhooks/${created.json.id}/rotate-secret`;
    const rotated = await app.client.send('POST', path, bodyOf('/webhooks/{id}/rotate-secret'));

    expect([created.status, rotated.status]).toEqual([201, 200]);
    expect(rotated.json.secret).not.toBe(created.json.secret);
  });

  // As Swagger UI does.
  const filledIn = (schema: Schema) => schema.example ?? schema.default ?? schema.enum?.[0] ?? schema.type;

  const bodyOf = (path: string): unknown => {
    const content = document.paths[path].post.requestBody.content['application/json'];
    const [first] = Object.values(content.examples ?? {}) as { value: unknown }[];
    return first.value;
  };
});
