import { csvOf } from '../helpers/app/client.js';
import { describeOnEachEngine, type Installation } from '../helpers/app/engines.js';
import { type ImageOrigin, photo, serveImages } from '../helpers/servers/image-origin.js';
import { startApp, type TestApp } from '../helpers/app/test-app.js';

describeOnEachEngine('a file that is mended before it is uploaded', (engine) => {
  let installation: Installation;
  let app: TestApp;
  let origin: ImageOrigin;

  beforeAll(async () => {
    installation = await engine.install();
    app = await startApp(installation);
    origin = await serveImages({ '/mug.jpg': await photo(320, 240) });
  });
  afterAll(async () => {
    await origin.close();
    await app.close();
    await installation.remove();
  });

  const post = async (
    text: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> => {
    const form = new FormData();
    form.append('file', new Blob([text]), 'products.csv');
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    return fetch(`${app.client.url}/upload`, { method: 'POST', body: form, headers });
  };
  const survey = async (text: string, fields: Record<string, string> = {}) =>
    (await post(text, { dry_run: 'true', ...fields })).json() as Promise<Record<string, never>>;
  const FAULTY = [
    'Handle,Title,Image URL,Price',
    'mug,"Blue, Mug",photos/mug.jpg,4',
    'towel,Towel,,5',
    'vase,Vase,photos/vase.jpg,6',
    '',
  ].join('\r\n');
  const patches = () =>
    JSON.stringify([
      { line: 2, column: 'Image URL', value: origin.url('/mug.jpg') },
      { line: 4, value: null },
    ]);

  it('says in a dry run what stands in the columns and in the rows with faults', async () => {
    const found = await survey(FAULTY, { lines: 'faulty' });
    const some = await survey(FAULTY, { lines: '3,4', faults_limit: '1' });

    expect(found).toMatchObject({
      columns: [
        { name: 'Handle', role: 'extra', samples: ['mug', 'towel', 'vase'] },
        { name: 'Title', role: 'product', samples: ['Blue, Mug', 'Towel', 'Vase'] },
        { name: 'Image URL', role: 'input', samples: ['photos/mug.jpg', 'photos/vase.jpg'] },
        { name: 'Price', role: 'extra', samples: ['4', '5', '6'] },
      ],
      lines: [
        { line: 2, cells: ['mug', 'Blue, Mug', 'photos/mug.jpg', '4'] },
        { line: 4, cells: ['vase', 'Vase', 'photos/vase.jpg', '6'] },
      ],
    });
    expect(some).toMatchObject({
      faults: { total: 3, items: [{ line: 2 }] },
      lines: [
        { line: 3, cells: ['towel', 'Towel', '', '5'] },
        { line: 4, cells: ['vase', 'Vase', 'photos/vase.jpg', '6'] },
      ],
    });
  });

  it('says what stands in the columns also where none is known', async () => {
    const text = 'Foto,Wert\na.example/1,7\na.example/2,8\n';

    const found = await survey(text);
    const chosen = await survey(text, { image_columns: 'Foto' });

    expect(found).toMatchObject({
      layout: null,
      faults: { items: [{ code: 'HEADER_MISSING' }] },
      columns: [
        { name: 'Foto', role: 'extra', samples: ['a.example/1', 'a.example/2'] },
        { name: 'Wert', role: 'extra', samples: ['7', '8'] },
      ],
    });
    expect(chosen).toMatchObject({ columns: [{ name: 'Foto', role: 'input' }, { name: 'Wert' }] });
  });

  it('takes patches beside the file, in a dry run and for good, and keeps the patched file', async () => {
    const found = await survey(FAULTY, { patches: patches() });
    const file = await post(FAULTY, { dry_run: 'true', patches: patches() }, { accept: 'text/csv' });
    const refused = await post(FAULTY, {});
    const { request_id: id } = (await (await post(FAULTY, { patches: patches() })).json()) as {
      request_id: string;
    };
    await app.client.completed(id);
    const replaced = await (await fetch(`${app.client.url}/requests/${id}/output.csv?urls=replaced`)).text();

    expect(found).toMatchObject({ rows: 2, images: 1, faults: { total: 0 } });
    expect(await file.text()).toBe(
      FAULTY.replace('photos/mug.jpg', origin.url('/mug.jpg')).replace('vase,Vase,photos/vase.jpg,6\r\n', ''),
    );
    expect(file.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(refused.status).toBe(400);
    expect(replaced).toMatch(
      /^Handle,Title,Image URL,Price\r\nmug,"Blue, Mug",http\S+\/image\.jpg,4\r\ntowel,Towel,,5\r\n$/,
    );
  });

  it('gives the file back without rows that were left out, each image on its line, and so again when it is run again', async () => {
    const rows = [
      'Handle,Title,Image URL',
      'lost,"Lost\nvase",photos/vase.jpg',
      `mug,Mug,${origin.url('/mug.jpg')}`,
      '',
      `gone,Gone,${origin.url('/gone.jpg')}`,
    ];
    const text = rows.join('\r\n');
    const fields = { patches: JSON.stringify([{ line: 2, value: null }]) };
    const { request_id: id } = (await (await post(text, fields)).json()) as { request_id: string };
    await app.client.completed(id);
    const again = await app.client.send('POST', `/requests/${id}/rerun`, {});
    await app.client.completed(again.json.id);

    for (const each of [id, again.json.id as string]) {
      const source = await app.client.get(`/requests/${each}/output.csv?urls=source`);
      expect(source.text).toBe([rows[0], ...rows.slice(2)].join('\r\n'));
      const replaced = await app.client.get(`/requests/${each}/output.csv?urls=replaced`);
      expect(replaced.text).toMatch(
        /^Handle,Title,Image URL\r\nmug,Mug,\S+\/image\.jpg\r\n\r\ngone,Gone,\S+$/,
      );
      expect((await app.client.images(each)).map(({ line }) => line)).toEqual([4, 6]);
      const errors = await app.client.get(`/requests/${each}/errors.csv`);
      expect(errors.text).toMatch(/\r\n6,/);
    }
  });

  it('takes the same file with the same patches for the same upload', async () => {
    const text = csvOf([['Mug', ['photos/mug.jpg']]]);
    const fields = (path: string) => ({
      patches: JSON.stringify([{ line: 2, column: 3, value: origin.url(path) }]),
    });
    const headers = { 'Idempotency-Key': 'mended once' };

    const answers = [
      await post(text, fields('/mug.jpg'), headers),
      await post(text, fields('/mug.jpg'), headers),
      await post(text, fields('/other.jpg'), headers),
    ];

    const [first, second, other] = (await Promise.all(answers.map((answer) => answer.json()))) as never[];
    expect(second).toEqual(first);
    expect(other).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('shows the fault of a file without a table, whatever is to be patched', async () => {
    const found = await survey('hello\n', { patches: patches() });

    expect(found).toMatchObject({ faults: { items: [{ code: 'HEADER_MISSING' }] } });
  });

  it.each<[Record<string, string>, string]>([
    [{ patches: '[{"line":7,"column":1,"value":"x"}]' }, 'PATCH_INVALID'],
    [{ patches: '[{"line":2,"column":"Picture","value":"x"}]' }, 'PATCH_INVALID'],
    [{ patches: 'x' }, 'INVALID_PARAMETER'],
    [{ patches: '{}' }, 'INVALID_PARAMETER'],
    [{ patches: '[null]' }, 'INVALID_PARAMETER'],
    [{ patches: '[{"line":0,"column":1,"value":"x"}]' }, 'INVALID_PARAMETER'],
    [{ patches: '[{"line":2,"column":1.5,"value":"x"}]' }, 'INVALID_PARAMETER'],
    [{ patches: '[{"line":2,"value":"x"}]' }, 'INVALID_PARAMETER'],
    [{ patches: '[{"line":2,"column":1,"value":null}]' }, 'INVALID_PARAMETER'],
    [{ patches: '[{"line":2,"column":1,"value":"a\\nb"}]' }, 'INVALID_PARAMETER'],
    [{ patches: '[{"line":2,"column":1,"value":"\\udc80"}]' }, 'INVALID_PARAMETER'],
    [{ patches: '[{"line":2,"column":1,"value":"x","other":1}]' }, 'INVALID_PARAMETER'],
    [{ patches: JSON.stringify(new Array(10_001).fill(0)) }, 'INVALID_PARAMETER'],
    [{ lines: 'all' }, 'INVALID_PARAMETER'],
    [{ lines: '1,,2' }, 'INVALID_PARAMETER'],
    [{ lines: new Array(1001).fill(1).join() }, 'INVALID_PARAMETER'],
    [{ faults_limit: '1001' }, 'INVALID_PARAMETER'],
    [{ faults_limit: '-1' }, 'INVALID_PARAMETER'],
  ])('refuses %.70j', async (fields, code) => {
    const answer = await post(FAULTY, { dry_run: 'true', ...fields });

    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([400, code]);
  });

  it('patches thousands of rows of a large file', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `${index},Mug,${origin.url('/mug.jpg')}`);
    const text = ['S. No.,Product Name,Input Image Urls', ...rows, ''].join('\n');
    const many = Array.from({ length: 5_000 }, (_, index) => ({
      line: index * 4 + 2,
      column: 2,
      value: 'Vase',
    }));

    const found = await survey(text, { patches: JSON.stringify(many), lines: '2,3,20001' });

    expect(found).toMatchObject({
      rows: 20_000,
      lines: [{ cells: ['0', 'Vase', expect.anything()] }, { cells: ['1', 'Mug', expect.anything()] }, {}],
    });
  });
});
