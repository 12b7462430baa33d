import { parseUrl } from './parse-url.js';

/** Hosts whose pages show a file that has an address of its own. Bound to the beginning: asked of every URL of a file. */
const SHARE_HOST =
  /^https?:\/\/(?:(?:drive|docs)\.google\.com|(?:www\.)?dropbox\.com|1drv\.ms|onedrive\.live\.com|(?:www\.)?github\.com|[\w-]+\.sharepoint\.com)\//i;

const DRIVE_FILE = /^\/(?:a\/[\w.-]+\/)?file\/(?:u\/\d+\/)?d\/([\w-]+)/;
const DRIVE_ID_PAGES = /^\/(?:u\/\d+\/)?(?:open|uc)$/;
const DRIVE_ID = /^[\w-]+$/;
const DROPBOX_FILE = /^\/(?:s|sh|scl\/fi|scl\/fo)\//;
const GITHUB_BLOB = /^(\/[\w.-]+\/[\w.-]+)\/blob\/(.+)/;
const SHAREPOINT_FILE = /^\/:[a-z]:\//i;

/** Whether a URL is a share link, as {@link directUrl} knows them. */
export function isShareLink(url: string): boolean {
  return SHARE_HOST.test(url) && directUrl(url) !== null;
}

/**
 * The address of the file behind a share link of Google Drive, Dropbox, OneDrive, SharePoint or GitHub, whose own address gives a
 * web page; null for any other URL. What else stands in the link (keys, versions) is kept.
 */
export function directUrl(text: string): string | null {
  if (!SHARE_HOST.test(text)) return null;
  const url = parseUrl(text);
  if (!url) return null;
  const direct = directOf(url);
  return direct === null || direct === url.href ? null : direct;
}

function directOf(url: URL): string | null {
  const host = url.hostname.replace(/^www\./, '');
  if (host === 'drive.google.com' || host === 'docs.google.com') return ofDrive(url);
  if (host === 'dropbox.com') return ofDropbox(url);
  if (host === '1drv.ms') return ofShortOneDrive(url);
  if (host === 'onedrive.live.com') return ofOneDrive(url);
  if (host === 'github.com') return ofGitHub(url);
  return ofSharePoint(url);
}

function ofDrive(url: URL): string | null {
  const [, inPath] = DRIVE_FILE.exec(url.pathname) ?? [];
  const id = inPath ?? (DRIVE_ID_PAGES.test(url.pathname) ? url.searchParams.get('id') : null);
  if (!id || !DRIVE_ID.test(id) || url.searchParams.get('export') === 'download') return null;
  const key = url.searchParams.get('resourcekey');
  const direct = new URL('https://drive.google.com/uc');
  direct.search = new URLSearchParams({
    export: 'download',
    id,
    ...(key && { resourcekey: key }),
  }).toString();
  return direct.href;
}

function ofDropbox(url: URL): string | null {
  const { searchParams } = url;
  if (!DROPBOX_FILE.test(url.pathname) || searchParams.get('raw') === '1' || searchParams.get('dl') === '1')
    return null;
  return withParameters(url, { raw: '1' }, 'dl');
}

/** By the encoding of share links that Microsoft documents for its API ("shares: access shared DriveItems"). */
function ofShortOneDrive(url: URL): string | null {
  if (url.pathname.length < 2) return null;
  const token = Buffer.from(url.href).toString('base64url');
  return `https://api.onedrive.com/v1.0/shares/u!${token}/root/content`;
}

function ofOneDrive(url: URL): string | null {
  if (!/^\/(?:redir|embed)(?:\.aspx)?$/.test(url.pathname)) return null;
  const direct = new URL(url);
  direct.pathname = '/download';
  return direct.href;
}

function ofGitHub(url: URL): string | null {
  const [, repository, file] = GITHUB_BLOB.exec(url.pathname) ?? [];
  return repository === undefined ? null : `https://github.com${repository}/raw/${file}`;
}

function ofSharePoint(url: URL): string | null {
  if (!SHAREPOINT_FILE.test(url.pathname) || url.searchParams.get('download') === '1') return null;
  return withParameters(url, { download: '1' });
}

function withParameters(url: URL, parameters: Record<string, string>, without?: string): string {
  const direct = new URL(url);
  if (without !== undefined) direct.searchParams.delete(without);
  for (const [name, value] of Object.entries(parameters)) direct.searchParams.set(name, value);
  direct.hash = '';
  return direct.href;
}
