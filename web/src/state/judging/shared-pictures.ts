import type { Image } from '../../api/client.ts';
import { groupsOf } from '../name-images.ts';

/** Ids of the images that one picture stands for: what is decided of the first holds for all. */
export type Shared = string[];

/**
 * The pictures of a list, each once, however many products of the file use it. Where it was made anew for one product alone, that one
 * is another picture.
 * @param opened id of the image that stands for its picture, whichever comes first
 */
export function picturesOf(listed: Image[], all: Image[], opened: string): Shared[] {
  const images = groupsOf(all, keyOf);
  return [...groupsOf(listed, keyOf)].map(([key, group]) => {
    const first = group.find(({ id }) => id === opened) ?? group[0];
    return [
      first.id,
      ...images
        .get(key)!
        .map(({ id }) => id)
        .filter((id) => id !== first.id),
    ];
  });
}

const keyOf = ({ input_url: url, output }: Image): string => [url, output?.format, output?.bytes].join(' ');

/** How many products use a picture; rows without a name count by their line. */
export function productsOf(images: Image[]): number {
  return groupsOf(
    images,
    ({ serial_number: serial, product_name: name, line }) => serial || name || String(line),
  ).size;
}
