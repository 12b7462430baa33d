import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Settings } from '../config/settings.js';
import { ACCESS_CODES } from './access-codes.js';
import { AppError, OutboundError } from './app-error.js';
import { CALL_CODES } from './call-codes.js';
import { codesAt, ERROR_CODES, type ErrorCode, factsOf } from './error-codes.js';
import { IMAGE_CODES, IMAGE_NOTES } from './image-codes.js';
import { OUTBOUND_CODES } from './outbound-codes.js';
import { TABLE_FAULTS, TABLE_REPAIRS } from './table-codes.js';
import { WEBHOOK_CODES } from './webhook-codes.js';

const PARTS = [CALL_CODES, ACCESS_CODES, TABLE_FAULTS, OUTBOUND_CODES, IMAGE_CODES, WEBHOOK_CODES];

describe('the registry of error codes', () => {
  it('has each code once', () => {
    const codes = PARTS.flatMap((part) => Object.keys(part));

    expect(codes).toEqual(Object.keys(ERROR_CODES));
  });

  it.each(Object.entries({ ...ERROR_CODES }))(
    'says of %s what it means and where it occurs',
    (code, facts) => {
      expect(code).toMatch(/^[A-Z][A-Z_]*$/);
      expect(facts.sentence).toMatch(/^[A-Z].*\.$/);
      expect(facts.where.length).toBeGreaterThan(0);
    },
  );

  it.each(Object.entries({ ...TABLE_REPAIRS, ...IMAGE_NOTES }))('says what %s means', (code, sentence) => {
    expect(code).toMatch(/^[A-Z_]+$|^[a-z_]+$/);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
  });

  it('has a status for what answers a call, and for nothing else', () => {
    const answers = new Set([...codesAt('call'), ...codesAt('file')]);
    const withStatus = Object.entries(ERROR_CODES).filter(([, { status }]) => status !== null);

    expect(withStatus.map(([code]) => code).sort()).toEqual([...answers].sort());
  });

  it('knows the family of HTTP statuses', () => {
    const retryable = [400, 404, 408, 410, 425, 429, 500, 503].filter(
      (status) => factsOf(`HTTP_${status}`).retryable,
    );

    expect(retryable).toEqual([408, 425, 429, 500, 503]);
    expect(factsOf('HTTP_404')).toMatchObject({
      status: null,
      sentence: 'The server answered with status 404.',
    });
  });

  it.each(['A_NEWER_CODE', 'toString', 'HTTP_', 'HTTP_99999'])(
    'takes %s from the database, never as retryable',
    (code) => {
      expect(factsOf(code as ErrorCode)).toMatchObject({ status: null, retryable: false, where: [] });
    },
  );
});

describe('README.md', () => {
  const readme = readFileSync(path.join(__dirname, '../../README.md'), 'utf8');
  const words = [...readme.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, word]) => word);

  it('names codes and settings that exist', () => {
    const known = [
      ...Object.keys(ERROR_CODES),
      ...Object.keys(TABLE_REPAIRS),
      ...Object.keys(new Settings()),
      ...['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'], // variables of the AWS SDK
    ];

    expect(words.length).toBeGreaterThan(10);
    expect(words.filter((word) => !known.includes(word))).toEqual([]);
  });

  it('explains every note of an image', () => {
    const unexplained = Object.keys(IMAGE_NOTES).filter(
      (note) => !new RegExp(`^\\| .*\`${note}\``, 'm').test(readme),
    );

    expect(unexplained).toEqual([]);
  });
});

describe('an error', () => {
  it('has the status, the retryability and the sentence of its code', () => {
    const missing = new AppError('REQUEST_NOT_FOUND');
    const slow = new OutboundError('TIMEOUT', 'The server sent nothing for 10 s.');

    expect(missing).toMatchObject({
      status: 404,
      retryable: false,
      message: 'There is no request with this id.',
    });
    expect(slow).toMatchObject({
      name: 'OutboundError',
      retryable: true,
      message: 'The server sent nothing for 10 s.',
    });
  });

  it('of a code that answers no call is a fault of the service where it answers one', () => {
    expect(new OutboundError('HTTP_404').status).toBe(500);
  });

  it('can not have a code that is not in the registry', () => {
    // @ts-expect-error The type check fails here if any text were taken.
    const error = new AppError('NOT_LISTED');
    // @ts-expect-error And here if one part took the codes of another.
    const other = new OutboundError('REQUEST_NOT_FOUND');

    expect([error.retryable, other.status]).toEqual([false, 404]);
  });
});
