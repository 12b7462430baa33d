import type { Image } from '../api/client.ts';
import { texts } from '../texts.ts';
import { lineText } from '../texts-of-requests.ts';
import { current } from './store.ts';

/** Which of the pictures of its product an image is, and whether others have the same name. */
interface Place {
  product: string;
  picture: number;
  all: number;
  isShared: boolean;
}

/** Where the row of an image of the request that is shown is in its file. */
export function lineOf({ line }: Image): string {
  return lineText(line, current().shown?.request?.links.output_xlsx != null);
}

/** What an image is called: its product, and which of its pictures it is where there are several. */
export function nameOf(image: Image): string {
  return partsOf(image).join(', ');
}

/** As {@link nameOf}, with the line where others have the same name: it stands alone, and is told apart from all others. */
export function fullNameOf(image: Image): string {
  return fullPartsOf(image).join(', ');
}

/** As {@link nameOf}, the product first. */
export function partsOf(image: Image): string[] {
  const { product = productOf(image), picture = image.position, all } = placeOf(image) ?? {};
  return (all ?? picture) > 1 ? [product, texts.results.nth(picture, all)] : [product];
}

/** As {@link fullNameOf}, the product first. */
export function fullPartsOf(image: Image): string[] {
  const isNamed = image.product_name !== '' || image.serial_number !== '';
  return isNamed && placeOf(image)?.isShared ? [...partsOf(image), lineOf(image)] : partsOf(image);
}

function productOf(image: Image): string {
  return image.product_name || image.serial_number || lineOf(image);
}

/** Names and lines of a request never change: they are looked at once, when all have been read. */
let known = { id: '', places: new Map<string, Place>() };

function placeOf({ id }: Image): Place | undefined {
  const { shown } = current();
  if (!shown?.hasAllImages) return undefined;
  if (known.id !== shown.id) known = { id: shown.id, places: placesOf(shown.images) };
  return known.places.get(id);
}

function placesOf(images: Image[]): Map<string, Place> {
  const named = groupsOf(
    images.filter(({ product_name: name }) => name !== ''),
    ({ serial_number: serial }) => serial,
  );
  // Shops name a product on the first of its rows alone.
  const fullProductOf = (image: Image): string =>
    image.product_name || !image.serial_number
      ? productOf(image)
      : (named.get(image.serial_number)?.[0].product_name ?? productOf(image));
  const names = groupsOf(images, fullProductOf);
  const places = new Map<string, Place>();
  for (const [product, group] of names)
    for (const pictures of groupsOf(group, ({ serial_number: serial }) => serial).values())
      for (const [index, { id }] of pictures.entries())
        places.set(id, { product, picture: index + 1, all: pictures.length, isShared: group.length > 1 });
  return places;
}

/** Images by what they have in common, each group in their order. */
export function groupsOf(images: Image[], keyOf: (image: Image) => string): Map<string, Image[]> {
  const groups = new Map<string, Image[]>();
  for (const image of images) {
    const key = keyOf(image);
    const group = groups.get(key);
    if (group) group.push(image);
    else groups.set(key, [image]);
  }
  return groups;
}
