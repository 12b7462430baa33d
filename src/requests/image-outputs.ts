import { type EntityManager, In } from 'typeorm';
import { MAIN_RENDITION, OutputEntity } from '../database/entities/output.entity.js';
import { insertRows } from '../database/statements/insert-rows.js';

/** What was made of an image, without whose it is. */
export type NewOutput = Omit<OutputEntity, 'requestKey' | 'imageNumber'>;

/** An image and what was made of it. */
export interface ImageOutputs {
  requestKey: number;
  number: number;
  outputs: NewOutput[];
}

const COLUMNS = [
  ...['request_key', 'image_number', 'name', 'file_key', 'bytes', 'format', 'width', 'height'],
  ...['quality', 'similarity', 'milliseconds', 'notes'],
];

/**
 * Writes the outputs of many images in one statement, in the transaction that settles these. Their files are locked
 * (`Files.lock`).
 */
export async function insertOutputs(manager: EntityManager, images: ImageOutputs[]): Promise<void> {
  const rows = images.flatMap(({ requestKey, number, outputs }) =>
    outputs.map((output) => [
      ...[requestKey, number, output.name, output.fileKey, output.bytes, output.format],
      ...[output.width, output.height, output.quality, output.similarity, output.milliseconds, output.notes],
    ]),
  );
  await insertRows(manager, 'outputs', COLUMNS, rows);
}

/** The outputs of some images of a request, by the number of the image; all renditions. */
export async function outputsOf(
  manager: EntityManager,
  requestKey: number,
  numbers: number[],
): Promise<Map<number, OutputEntity[]>> {
  const outputs = new Map<number, OutputEntity[]>();
  if (numbers.length === 0) return outputs;
  const found = await manager.findBy(OutputEntity, { requestKey, imageNumber: In(numbers) });
  for (const output of found) {
    const others = outputs.get(output.imageNumber);
    if (others) others.push(output);
    else outputs.set(output.imageNumber, [output]);
  }
  return outputs;
}

/** That of the rendition which every image has, or null. */
export function mainOutput<T extends { name: string }>(outputs: T[] = []): T | null {
  return outputs.find(({ name }) => name === MAIN_RENDITION) ?? null;
}
