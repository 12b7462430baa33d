import { rangeOf } from './requested-range.js';

describe('the part that a Range header asks for', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=0-3', { start: 0, end: 3 }],
    ['Bytes= 4-', { start: 4, end: 9 }],
    ['bytes=8-99', { start: 8, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-99', { start: 0, end: 9 }],
    ['bytes=10-', 'none'],
    ['bytes=99-100', 'none'],
    ['bytes=-0', 'none'],
    ['bytes=3-2', null],
    ['bytes=-', null],
    ['bytes=0-1,4-5', null],
    ['items=0-1', null],
    ['bytes=a-b', null],
    ['', null],
    [undefined, null],
  ])('%j of ten bytes', (header, part) => {
    expect(rangeOf(header, 10)).toEqual(part);
  });
});
