// Writes openapi.json and docs/error-codes.md as the built application gives them; with `--check` it compares them, and
// fails where one differs. Only the build has the doc comments that the API document is made of.
import { NestFactory } from '@nestjs/core';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'prettier';
import { prepare, ROOT } from './prepare.mjs';
import { errorCodesPage } from './error-codes-page.mjs';

prepare();
const files = {
  'openapi.json': `${JSON.stringify(await openApi(), null, 2)}\n`,
  'docs/error-codes.md': await format(errorCodesPage(await registry()), { parser: 'markdown' }),
};
for (const [name, text] of Object.entries(files)) {
  const file = path.join(ROOT, name);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${name} is not what the built application gives: run \`npm run openapi\` and commit it.`);
    process.exitCode = 1;
  }
}

/** In Nest's preview mode no class is instantiated: no database is opened and no folder is made. */
async function openApi() {
  const { AppModule } = await built('app.module.js');
  const { readSettings } = await built('config/settings.js');
  const { openApiDocument } = await built('http/description/open-api-document.js');
  const { EVENT_DESCRIPTIONS } = await built('webhooks/webhook-events.api.js');
  const options = { preview: true, abortOnError: false, logger: ['error', 'fatal'] };
  const app = await NestFactory.create(AppModule.register(readSettings({})), options);
  return openApiDocument(app, EVENT_DESCRIPTIONS);
}

async function registry() {
  const { ERROR_CODES } = await built('errors/error-codes.js');
  const { IMAGE_NOTES } = await built('errors/image-codes.js');
  const { TABLE_REPAIRS } = await built('errors/table-codes.js');
  return { ERROR_CODES, IMAGE_NOTES, TABLE_REPAIRS };
}

function built(file) {
  return import(pathToFileURL(path.join(ROOT, 'dist/src', file)).href);
}
