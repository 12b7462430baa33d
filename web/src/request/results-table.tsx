import type { Image } from '../api/client.ts';
import { CutAddress, CutName } from '../parts/cut.tsx';
import { bytes, percent } from '../parts/format.ts';
import { likenessClass } from '../parts/likeness.ts';
import { VirtualRows } from '../parts/virtual-rows.tsx';
import { useMedia } from '../parts/use-media.ts';
import { isLargerThanAsked, notesInWords } from '../state/judging/byte-target.ts';
import { changeInWords, isChanged } from '../state/judging/take-back.ts';
import { lineOf, nameOf, partsOf } from '../state/name-images.ts';
import { texts } from '../texts.ts';
import { reasonOf } from '../texts-of-failures.ts';
import { ChooseBox } from './chosen-images.tsx';
import { savedOf } from './select-images.ts';

const ROW_HEIGHT = 68;
const NARROW_ROW_HEIGHT = 164;

export interface ListProps {
  images: Image[];
  open: (image: Image) => void;
}

/** One line for each image. Only those in the window are drawn, so it is no table of HTML but has the roles of one. */
export function ResultsTable({ images, open }: ListProps) {
  const isNarrow = useMedia('(max-width: 860px)');
  const { picture, product, before, after, saved, similarity, state } = texts.results;
  return (
    <div class="table" role="table" aria-label={texts.results.title} aria-rowcount={images.length + 1}>
      <div class="table-head" role="row">
        {[picture, product, before, after, saved, similarity, state].map((name) => (
          <span key={name} role="columnheader">
            {name}
          </span>
        ))}
      </div>
      <VirtualRows
        total={images.length}
        height={isNarrow ? NARROW_ROW_HEIGHT : ROW_HEIGHT}
        row={(index) => <Row key={images[index].id} images={images} index={index} open={open} />}
      />
    </div>
  );
}

function Row({ images, index, open }: ListProps & { index: number }) {
  const image = images[index];
  const { input, output, similarity } = image;
  const saved = savedOf(image);
  return (
    <div class="table-row" role="row" aria-rowindex={index + 2}>
      <span role="cell" class="cell-picture">
        <ChooseBox image={image} listed={images} />
        <Thumbnail image={image} open={open} />
      </span>
      <span
        role="rowheader"
        class={canCompare(image) ? 'cell-product opens' : 'cell-product'}
        onClick={() => canCompare(image) && open(image)}
      >
        <strong>
          <CutName parts={partsOf(image)} />
        </strong>
        <span class="cell-address quiet small code" title={image.input_url}>
          {lineOf(image)} · <CutAddress url={image.input_url} />
        </span>
      </span>
      <span role="cell" class="cell-before number">
        {input && bytes(input.bytes)}
      </span>
      <span role="cell" class="cell-after number">
        {output && bytes(output.bytes)} <span class="quiet small">{output?.format}</span>
        {similarity !== null && (
          <span class={`narrow small ${likenessClass(similarity)}`} aria-hidden="true">
            {' '}
            {texts.compare.alike(similarity)}
          </span>
        )}
      </span>
      <span role="cell" class="cell-saved number">
        {saved !== null && <Saved percent={saved} />}
      </span>
      <span role="cell" class="cell-similarity number">
        {similarity !== null && <span class={likenessClass(similarity)}>{percent(similarity * 100)}</span>}
      </span>
      <span role="cell" class="cell-state small">
        <State image={image} />
      </span>
    </div>
  );
}

export const canCompare = (image: Image): boolean => image.output_url !== null && savedOf(image) !== null;

/** The result as a small picture that opens the comparison. */
export function Thumbnail({ image, open }: { image: Image; open: ListProps['open'] }) {
  if (!canCompare(image)) return <span class="thumbnail thumbnail-none" />;
  return (
    <button
      type="button"
      class="thumbnail"
      data-image={image.id}
      title={texts.results.open(nameOf(image), lineOf(image))}
      onClick={() => open(image)}
    >
      <img src={image.output_url!} alt="" loading="lazy" decoding="async" />
    </button>
  );
}

export function Saved({ percent: value }: { percent: number }) {
  if (value < 0) return <span class="bad">+{percent(-value)}</span>;
  return <span class={value > 0 ? 'saved' : 'quiet'}>{value > 0 ? `−${percent(value)}` : percent(0)}</span>;
}

/** Done needs no word but what is remarkable about it. */
export function State({ image }: { image: Image }) {
  const { status, error, outcome, fits, broken_rules } = image;
  if (error) {
    return (
      <span class="bad" title={error.message}>
        {reasonOf(error.code)}
      </span>
    );
  }
  const wrong = [
    ...(fits === false ? [texts.results.fitsNot(broken_rules)] : []),
    ...(isLargerThanAsked(image) ? [texts.results.larger] : []),
  ];
  const remarks = [
    ...(fits ? [texts.results.fits] : []),
    ...changeInWords(image),
    ...(outcome === 'kept_original' && !isChanged(image) ? [texts.results.kept] : []),
    ...notesInWords(image),
  ];
  if (wrong.length + remarks.length === 0) return <span class="quiet">{texts.results.states[status]}</span>;
  return (
    <>
      {wrong.length > 0 && <span class="bad">{wrong.join(', ')}</span>}
      {wrong.length > 0 && remarks.length > 0 && ', '}
      {remarks.length > 0 && <span class="quiet noted">{remarks.join(', ')}</span>}
    </>
  );
}
