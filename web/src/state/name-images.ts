import type { Image } from '../api/client.ts';
import { lineText } from '../texts-of-requests.ts';
import { current } from './store.ts';

/** Where the row of an image of the request that is shown is in its file. */
export function lineOf({ line }: Image): string {
  return lineText(line, current().shown?.request?.links.output_xlsx != null);
}

/** What an image is called: its product, and its place where there are several. */
export function nameOf(image: Image): string {
  const { product_name: product, serial_number: serial, position } = image;
  const name = product || serial || lineOf(image);
  return position > 1 ? `${name} (${position})` : name;
}
