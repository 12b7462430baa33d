// Writes the types of the API for the page from openapi.json: web/src/api/schema.d.ts, which is not in the repository.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';
import { ROOT } from './prepare.mjs';

const document = JSON.parse(await readFile(path.join(ROOT, 'openapi.json'), 'utf8'));
// A field with a default need not be sent.
const types = await openapiTS(document, { defaultNonNullable: false });
await writeFile(path.join(ROOT, 'web/src/api/schema.d.ts'), astToString(types));
