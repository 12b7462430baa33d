import { execFileSync, spawnSync } from 'node:child_process';

/** Whether libavif's decoder is there, which Pillow of Debian 12 lacks. */
export function hasAvifdec(): boolean {
  return spawnSync('avifdec', ['--version']).status === 0;
}

/**
 * Decodes an AVIF by another library than ours does, as a PNG that stands beside it.
 *
 * @throws where libavif can't, by its strict rules
 */
export function avifToPng(file: string): string {
  execFileSync('avifdec', ['--png-compress', '0', file, `${file}.png`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return `${file}.png`;
}
