import { useEffect, useRef, useState } from 'preact/hooks';
import type { Image } from '../api/client.ts';
import { CutName } from '../parts/cut.tsx';
import { bytes } from '../parts/format.ts';
import { likenessClass } from '../parts/likeness.ts';
import { VirtualRows } from '../parts/virtual-rows.tsx';
import { isLargerThanAsked } from '../state/judging/byte-target.ts';
import { fullPartsOf } from '../state/name-images.ts';
import { texts } from '../texts.ts';
import { ChooseBox } from './chosen-images.tsx';
import { canCompare, type ListProps, Saved, State, Thumbnail } from './results-table.tsx';
import { savedOf } from './select-images.ts';

const LEAST_WIDTH = 160;
const ROW_HEIGHT = 302;

/** The results as pictures, in as many columns as there is room for. */
export function ResultsTiles({ images, open }: ListProps) {
  const element = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(4);
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) =>
      setColumns(Math.max(2, Math.floor(contentRect.width / LEAST_WIDTH))),
    );
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return (
    <div class="tiles" role="list" aria-label={texts.results.title} ref={element}>
      <VirtualRows
        total={Math.ceil(images.length / columns)}
        height={ROW_HEIGHT}
        row={(index) => (
          <div
            key={index}
            role="presentation"
            class="tiles-row"
            style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
          >
            {images.slice(index * columns, (index + 1) * columns).map((image, column) => (
              <Tile key={image.id} images={images} index={index * columns + column} open={open} />
            ))}
          </div>
        )}
      />
    </div>
  );
}

const isRemarkable = (image: Image): boolean =>
  image.error !== null ||
  image.fits === false ||
  image.notes.length > 0 ||
  image.outcome === 'kept_original' ||
  isLargerThanAsked(image);

/** With its place: only the tiles in the window are in the page. */
function Tile({ images, index, open }: ListProps & { index: number }) {
  const image = images[index];
  const saved = savedOf(image);
  const isOpened = canCompare(image);
  return (
    <div role="listitem" aria-posinset={index + 1} aria-setsize={images.length} class="tile">
      <ChooseBox image={image} listed={images} />
      <Thumbnail image={image} open={open} />
      <strong class={isOpened ? 'tile-name opens' : 'tile-name'} onClick={() => isOpened && open(image)}>
        <CutName parts={fullPartsOf(image)} />
      </strong>
      <span class="tile-facts small">
        {saved !== null && <Saved percent={saved} />}{' '}
        <span class="quiet">{image.output && bytes(image.output.bytes)}</span>
        {image.similarity !== null && (
          <span class={likenessClass(image.similarity)}> {texts.compare.alike(image.similarity)}</span>
        )}
      </span>
      {isRemarkable(image) && (
        <span class="tile-state small">
          <State image={image} />
        </span>
      )}
    </div>
  );
}
