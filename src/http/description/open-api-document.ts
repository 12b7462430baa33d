import type { INestApplicationContext, Type } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { type CallCode, factsOf } from '../../errors/error-codes.js';
import { VERSION } from '../../config/version.js';
import { errorResponses } from './api-errors.js';
import { ErrorResponse, FieldFaultResponse } from './error-response.dto.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

/** What features add to the document besides their controllers. */
export interface DocumentParts {
  /** Calls that the service makes, by the type of their event. */
  webhooks: Record<string, object>;
  /** Classes that only {@link webhooks} refer to. */
  models: Type[];
}

/** Errors that every call has, by the name of their response in the document. */
const ERRORS_OF_ALL: Record<string, CallCode[]> = {
  Forbidden: ['FOREIGN_ORIGIN', 'FORWARDED_CALL'],
  InternalError: ['INTERNAL'],
};

/** Errors of every call that wants a key where keys are set. */
const ERRORS_WITH_KEY: Record<string, CallCode[]> = {
  Unauthorized: ['API_KEY_MISSING', 'API_KEY_INVALID', 'TOKEN_EXPIRED'],
  NotAllowed: ['ROLE_NOT_ALLOWED', 'TOKEN_NOT_ALLOWED', 'FOREIGN_ORIGIN', 'FORWARDED_CALL'],
  TooManyRequests: ['RATE_LIMITED', 'TOO_MANY_WRONG_KEYS'],
  Unavailable: ['DATABASE_UNAVAILABLE'],
};

/** Errors of every call with a body. */
const ERRORS_OF_BODIES: Record<string, CallCode[]> = { Timeout: ['REQUEST_TIMEOUT'] };

const TAGS = {
  uploads: 'A file goes in, and how far it is in one word',
  requests: 'An uploaded file, its images, and the files that come out',
  access: 'API keys, upload tokens, usage and the audit log',
  webhooks: 'Subscriptions to events, and what was sent to them',
  images: 'Compressed images',
  health: 'For load balancers and container platforms',
  samples: 'A file and images to try',
};

/**
 * The API document of an application, as OpenAPI 3.1. It is the same for all settings. Descriptions and required fields
 * come from the doc comments, which `nest build` compiles in: only of a built application is the document complete.
 */
export function openApiDocument(app: INestApplicationContext, parts: DocumentParts): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Image Processing System')
    .setDescription(
      'Upload a CSV of products with image URLs; every image is fetched, compressed and stored; get the CSV back with ' +
        'the URLs of the results.\n\nTo try it, download [the sample](/samples/products.csv), upload it with ' +
        '**POST /upload**, and use the `request_id` that you get in the calls below it.',
    )
    .setVersion(VERSION)
    .addServer('/')
    .addBearerAuth(
      { type: 'http', bearerFormat: 'API key', description: 'An API key, or an upload token' },
      'bearer',
    )
    .addApiKey(
      { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key, or an upload token' },
      'apiKey',
    )
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('apiKey');
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);

  const config = { ...builder.build(), webhooks: parts.webhooks } as ReturnType<DocumentBuilder['build']>;
  const extraModels = [ErrorResponse, FieldFaultResponse, ...parts.models];
  const document = SwaggerModule.createDocument(app as never, config, { extraModels });
  Object.assign(document.components!, { responses: { ...sharedResponses() } });
  delete document.info.contact;
  operationsOf(document).forEach(completeOperation);
  inlineSingleReferences(document);
  return document;
}

function operationsOf({ paths }: OpenAPIObject): Operation[] {
  return Object.values(paths).flatMap(({ get, post, patch, delete: remove }) =>
    [get, post, patch, remove].filter((operation) => operation !== undefined),
  );
}

function sharedResponses(): Record<string, object> {
  const named = Object.entries({ ...ERRORS_WITH_KEY, ...ERRORS_OF_BODIES, ...ERRORS_OF_ALL });
  return Object.fromEntries(named.map(([name, codes]) => [name, [...errorResponses(codes).values()][0]]));
}

/** Adds what every call has: security is the document's, but for public calls; errors of its own are kept. */
function completeOperation(operation: Operation): void {
  const isPublic = operation.security !== undefined;
  if (isPublic) operation.security = [];
  const shared = {
    ...(isPublic ? {} : ERRORS_WITH_KEY),
    ...(operation.requestBody ? ERRORS_OF_BODIES : {}),
    ...ERRORS_OF_ALL,
  };
  for (const [name, [code]] of Object.entries(shared))
    operation.responses[factsOf(code).status!] ??= { $ref: `#/components/responses/${name}` };
}

/** `{"allOf": [{"$ref"}], …}` is how OpenAPI 3.0 says something beside a reference; 3.1 has `{"$ref", …}`. */
function inlineSingleReferences(node: unknown): void {
  if (typeof node !== 'object' || node === null) return;
  const schema = node as { allOf?: { $ref?: string }[]; $ref?: string };
  if (schema.allOf?.length === 1 && schema.allOf[0].$ref) {
    schema.$ref = schema.allOf[0].$ref;
    delete schema.allOf;
  }
  Object.values(node).forEach(inlineSingleReferences);
}
