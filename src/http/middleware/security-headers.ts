import type { NextFunction, Request, Response } from 'express';

const BY_DEFAULT = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Swagger UI: scripts and calls of its own; its page has `style` elements and attributes, and icons as data. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The page at `/`: scripts, styles and calls of its own, nothing inline. Pictures of every host, because it shows the
 * user's originals beside the results.
 */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob: http: https:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Pages of others show the images; opened alone, an image is a page without any rights. */
const IMAGE_HEADERS = {
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
};

/** Sets the headers that tell browsers what answers may do: nothing, but for the page and for `/docs`. */
export function securityHeaders({ path }: Request, response: Response, next: NextFunction): void {
  response.set(BY_DEFAULT);
  if (path === '/') response.set('Content-Security-Policy', PAGE_POLICY);
  if (/^\/docs(\/|$)/i.test(path)) response.set('Content-Security-Policy', DOCS_POLICY);
  if (/^\/images\//i.test(path)) response.set(IMAGE_HEADERS);
  next();
}
