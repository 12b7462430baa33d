import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import { type DocumentParts, openApiDocument } from './description/open-api-document.js';

/** The paths of the API document, and of the script that holds it for `/docs`. */
const DOCUMENT_PATHS = ['/openapi.json', '/openapi.yaml', '/docs/swagger-ui-init.js'];

/** Serves the API document at `/openapi.json` and `/openapi.yaml`, and Swagger UI at `/docs`. `parts`: what the features add. */
export function serveOpenApi(app: NestExpressApplication, parts: DocumentParts): void {
  const express = app.getHttpAdapter().getInstance() as Express;
  for (const path of DOCUMENT_PATHS) express.get(path, answeredOnce());
  SwaggerModule.setup('docs', app, () => openApiDocument(app, parts), {
    jsonDocumentUrl: 'openapi.json',
    yamlDocumentUrl: 'openapi.yaml',
    customSiteTitle: 'Image Processing System',
    swaggerOptions: {
      tryItOutEnabled: true,
      persistAuthorization: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
    },
  });
}

/** Keeps the text of the first answer and sends it to all later callers: serialising the document takes a while. */
export function answeredOnce(): RequestHandler {
  let kept: { type: string; text: string } | undefined;
  return (_request: Request, response: Response, next: NextFunction): void => {
    if (kept) {
      response.set('Content-Type', kept.type).send(kept.text);
      return;
    }
    const send = response.send.bind(response);
    response.send = (body: unknown) => {
      if (typeof body === 'string' && response.statusCode === 200)
        kept = { type: String(response.get('Content-Type')), text: body };
      return send(body);
    };
    next();
  };
}
