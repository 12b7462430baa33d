/** EXIF orientation: 1 is upright, 2 to 8 are mirrored or turned, as in EXIF 2.3, tag 0x0112. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** The value as an orientation; whatever is no orientation counts as upright, as it does for every viewer. */
export function toOrientation(value: number | undefined): Orientation {
  return value !== undefined && value >= 2 && value <= 8 ? (value as Orientation) : 1;
}

/** The smallest EXIF block there is, 26 bytes, with the orientation as its only entry. */
export function exifWithOrientation(orientation: Orientation): Buffer {
  const block = Buffer.from(
    '4d4d002a00000008' + '0001' + '0112000300000001' + '00000000' + '00000000',
    'hex',
  );
  block.writeUInt16BE(orientation, 18);
  return block;
}
