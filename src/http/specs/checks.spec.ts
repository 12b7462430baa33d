import { validateSync } from 'class-validator';
import { longestSlice } from '../../../test/helpers/main-thread.js';
import { RetryBody } from '../../images/retrying/retry.dto.js';
import { readRenditionFields } from '../../uploads/fields/renditions-field.js';
import { WebhookChangesBody } from '../../webhooks/subscriptions/webhook-bodies.dto.js';

const MOST_MS = 100;
const texts = Array.from({ length: 17_000 }, (_, index) => index.toString(36));

/** The properties that are refused. */
const faultsOf = (type: new () => object, body: object): string[] =>
  validateSync(Object.assign(new type(), body)).map(({ property }) => property);

describe('a list in a body of 100 kB is refused in little time', () => {
  it.each([
    ['codes', RetryBody],
    ['event_types', WebhookChangesBody],
  ])('%s of many different texts, or of numbers', async (name, type) => {
    for (const list of [texts, texts.map((_, index) => index), Array(17_000).fill('HTTP_404')]) {
      let faults: string[] = [];
      const slice = await longestSlice(MOST_MS, () => {
        faults = faultsOf(type, { [name]: list });
        return Promise.resolve();
      });

      expect(faults).toEqual([name]);
      expect(slice).toBeLessThan(MOST_MS);
    }
  });

  it('thousands of renditions', async () => {
    const renditions = texts.slice(0, 5_000).map((name) => ({ name: `a${name}`, max_width: 100 }));
    const slice = await longestSlice(MOST_MS, () => {
      expect(() => readRenditionFields(renditions, undefined)).toThrow('at most 20');
      return Promise.resolve();
    });

    expect(slice).toBeLessThan(MOST_MS);
  });
});

describe('a list in a body', () => {
  it.each([
    [['HTTP_404', 'HTTP_503'], []],
    [['HTTP_404', 'HTTP_404'], ['codes']],
    [['HTTP_4'], ['codes']],
    [[['HTTP_404']], ['codes']],
    [[], ['codes']],
    ['HTTP_404', ['codes']],
    [{ 0: 'HTTP_404', length: 1 }, ['codes']],
  ])('%j is refused: %j', (codes, faults) => {
    expect(faultsOf(RetryBody, { codes })).toEqual(faults);
  });
});
