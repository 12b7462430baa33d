import { execFileSync, spawnSync } from 'node:child_process';

/** Whether libheif's own programs are there. */
export function hasHeif(): boolean {
  return spawnSync('heif-convert', ['--help']).error === undefined;
}

/** Decodes a HEIC by another build of the library than ours, as a PNG that stands beside it, with its profile. */
export function heicToPng(file: string): string {
  execFileSync('heif-convert', [file, `${file}.png`], { stdio: 'ignore' });
  return `${file}.png`;
}
