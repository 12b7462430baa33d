import { attachment, savedName } from './attachment.js';

describe('the name of a file to be saved', () => {
  it.each([
    ['products-output.csv', 'attachment; filename="products-output.csv"'],
    ['Fall & winter (1).zip', 'attachment; filename="Fall & winter (1).zip"'],
    ['a"b\\c.csv', `attachment; filename="a_b_c.csv"; filename*=UTF-8''a%22b%5Cc.csv`],
    ['crème.csv', `attachment; filename="cr_me.csv"; filename*=UTF-8''cr%C3%A8me.csv`],
    ["鍋'(1)*.csv", `attachment; filename="_'(1)*.csv"; filename*=UTF-8''%E9%8D%8B%27%281%29%2A.csv`],
    ['50%.csv', `attachment; filename="50_.csv"; filename*=UTF-8''50%25.csv`],
    [
      'a\r\nX-Evil: 1.csv',
      `attachment; filename="a_X-Evil: 1.csv"; filename*=UTF-8''a%0D%0AX-Evil%3A%201.csv`,
    ],
    ['half \ud800.csv', `attachment; filename="half _.csv"; filename*=UTF-8''half%20%EF%BF%BD.csv`],
  ])('%j is sent as %s', (name, header) => {
    expect(attachment(name)).toBe(header);
  });
});

describe('the name under which something of a request is saved', () => {
  it.each([
    [{ name: null, fileName: 'products.csv' }, 'products-output.csv'],
    [{ name: null, fileName: 'Products.TXT' }, 'Products-output.csv'],
    [{ name: null, fileName: '.csv' }, '.csv-output.csv'],
    [{ name: 'Fall 2026', fileName: 'products.csv' }, 'Fall 2026-output.csv'],
    [{ name: '../../etc/passwd', fileName: 'products.csv' }, '..-..-etc-passwd-output.csv'],
  ])('of %j is %s', (request, name) => {
    expect(savedName(request, 'output.csv')).toBe(name);
  });
});
