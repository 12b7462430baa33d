import { directUrl, isShareLink } from './share-links.js';

describe('a share link', () => {
  it.each([
    [
      'https://drive.google.com/file/d/1AbC_d-e/view?usp=sharing',
      'https://drive.google.com/uc?export=download&id=1AbC_d-e',
    ],
    ['https://drive.google.com/open?id=1AbC', 'https://drive.google.com/uc?export=download&id=1AbC'],
    [
      'https://drive.google.com/uc?export=view&id=1AbC',
      'https://drive.google.com/uc?export=download&id=1AbC',
    ],
    ['https://docs.google.com/file/d/1AbC/edit', 'https://drive.google.com/uc?export=download&id=1AbC'],
    [
      'https://drive.google.com/file/u/0/d/1AbC/view?resourcekey=0-x',
      'https://drive.google.com/uc?export=download&id=1AbC&resourcekey=0-x',
    ],
    ['https://www.dropbox.com/s/abc/a.jpg?dl=0', 'https://www.dropbox.com/s/abc/a.jpg?raw=1'],
    [
      'https://www.dropbox.com/scl/fi/abc/a.jpg?rlkey=k&dl=0#x',
      'https://www.dropbox.com/scl/fi/abc/a.jpg?rlkey=k&raw=1',
    ],
    [
      'https://1drv.ms/i/s!AbC',
      'https://api.onedrive.com/v1.0/shares/u!aHR0cHM6Ly8xZHJ2Lm1zL2kvcyFBYkM/root/content',
    ],
    [
      'https://onedrive.live.com/embed?resid=A%21B&authkey=k',
      'https://onedrive.live.com/download?resid=A%21B&authkey=k',
    ],
    [
      'https://shop-my.sharepoint.com/:i:/g/personal/me/Abc?e=xyz',
      'https://shop-my.sharepoint.com/:i:/g/personal/me/Abc?e=xyz&download=1',
    ],
    ['https://github.com/o/r/blob/main/img/a.jpg', 'https://github.com/o/r/raw/main/img/a.jpg'],
    ['http://GitHub.com/o/r/blob/main/a%20b.jpg?raw=true', 'https://github.com/o/r/raw/main/a%20b.jpg'],
  ])('%s leads to its file', (link, direct) => {
    expect(directUrl(link)).toBe(direct);
    expect(isShareLink(link)).toBe(true);
    expect(directUrl(direct)).toBeNull();
  });

  it.each([
    'https://example.com/file/d/1AbC/view',
    'https://drive.google.com.example.com/file/d/1AbC/view',
    'https://drive.google.com/drive/folders/1AbC',
    'https://drive.google.com/uc?export=download&id=1AbC',
    'https://www.dropbox.com/s/abc/a.jpg?raw=1',
    'https://www.dropbox.com/s/abc/a.jpg?dl=1',
    'https://github.com/o/r/raw/main/a.jpg',
    'https://github.com/o/r',
    'https://onedrive.live.com/download?resid=A',
    'no address',
  ])('is not %s', (link) => {
    expect(directUrl(link)).toBeNull();
    expect(isShareLink(link)).toBe(false);
  });
});
