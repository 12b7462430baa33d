import { nearNames } from './near-names.js';

describe('the names of settings', () => {
  const SETTINGS = ['MODE', 'PORT', 'QUALITY', 'CONCURRENCY', 'API_KEYS'];

  it.each(['QUALTY', 'QUALLITY', 'QUALIFY', 'QAULITY', 'APIKEYS', 'API_KEY', 'CONCURENCY', 'xQUALITY'])(
    'are near to %s',
    (name) => {
      expect(nearNames({ [name]: 'a value' }, SETTINGS)).toEqual([
        expect.stringMatching(new RegExp(`^${name} is no setting and is ignored; is [A-Z_]+ meant\\?$`)),
      ]);
    },
  );

  it.each(['QUALITY', 'NODE', 'PORTS', 'HOME', 'HOSTNAME', 'PATH', 'EQUALITIES', ''])(
    'are not near to %j',
    (name) => {
      expect(nearNames({ [name]: 'a value' }, SETTINGS)).toEqual([]);
    },
  );
});
