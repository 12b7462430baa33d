import { createParamDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Request } from 'express';

/** What a key may do: look, work, or also manage keys and see everything. Each may what the one before may. */
export const ROLES = ['read', 'write', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** What an owner may use at most, as the key says that is called with; what is left out is not limited. */
export interface Quotas {
  images_per_day?: number;
  open_images?: number;
  stored_bytes?: number;
}

/** Bounds of an upload token. */
export interface TokenBounds {
  id: string;
  /** Compression options that its uploads have; null where they may choose. */
  options: Record<string, unknown> | null;
  /** Of the uploaded file; null where only the service's own limit counts. */
  maxBytes: number | null;
  /** Of the page that calls; null where any may. */
  origin: string | null;
}

/** Who makes a call. */
export interface Principal {
  /** Of the key, such as `API_KEYS` for one of the settings; `anonymous` where the service has no keys. */
  id: string;
  name: string;
  /** What its tokens are bound to: the key, and its text as it is now; empty where it makes none. */
  signer: string;
  role: Role;
  /** Whose requests it makes and sees. */
  ownerKey: number;
  /** Whether it sees what others own, too. */
  seesAll: boolean;
  quotas: Quotas;
  /** Where an upload token was sent in place of a key. */
  token: TokenBounds | null;
}

/** The start of every upload token. */
export const TOKEN_PREFIX = 'ipt_';

/** The port by which the guard of the API learns who calls. */
export abstract class FindPrincipal {
  /** Who may call without a key; null where that is nobody, because there are keys. */
  abstract anonymous(): Promise<Principal | null>;

  /**
   * Whose key, or token, it is; null where it is none of ours.
   * @throws AppError `TOKEN_EXPIRED`
   */
  abstract find(credential: string): Promise<Principal | null>;
}

interface KnownCaller {
  principal: Principal;
  mayGoOn: () => Promise<boolean>;
}

const CALLERS = new WeakMap<Request, KnownCaller>();

/** For the guard, which has found out who calls; `mayGoOn` says later whether it would still be let in. */
export function setPrincipal(
  request: Request,
  principal: Principal,
  mayGoOn: () => Promise<boolean> = () => Promise.resolve(true),
): void {
  CALLERS.set(request, { principal, mayGoOn });
}

/** Who makes the call; undefined for a public one, and before the guard. */
export function principalOf(request: Request): Principal | undefined {
  return CALLERS.get(request)?.principal;
}

/** Whether who makes a call would be let in now as well: to be asked while its answer goes on for minutes. */
export function mayGoOn(request: Request): Promise<boolean> {
  return CALLERS.get(request)?.mayGoOn() ?? Promise.resolve(true);
}

/** The parameter of a route that is who calls it. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext) =>
  principalOf(context.switchToHttp().getRequest<Request>()),
);

export const NEEDED_ROLE = 'needed role';

/** Says which role a controller or route needs; unless said, GET needs `read`, anything else `write`. */
export const Needs = (role: Role) => SetMetadata(NEEDED_ROLE, role);

export const FOR_TOKENS = 'for tokens';

/** Marks a route that upload tokens may call, besides reading what was uploaded with them. */
export const ForTokens = () => SetMetadata(FOR_TOKENS, true);
