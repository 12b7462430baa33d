import type { ImageOrigin } from '../servers/image-origin.js';

/** The export of a shop with four products, two of which have addresses that are none. */
export function shopExport(origin: ImageOrigin): string {
  return [
    'Handle,Title,Image URL',
    `mug,Blue Mug,${origin.url('/mug.jpg')}`,
    'towel,"Towel, white",photos/towel.jpg',
    `vase,Vase,${origin.url('/vase.jpg')}`,
    'lamp,Lamp,www.example.com/lamp.jpg',
    '',
  ].join('\r\n');
}
