import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { texts } from '../texts.ts';
import { usePan } from './use-pan.ts';

/** Two pictures of the same thing. */
export interface Pair {
  name: string;
  /** Addresses of both. */
  before: string;
  after: string;
  /** Of the result, in pixels. */
  width: number;
  height: number;
}

interface BeforeAfterProps {
  pair: Pair;
  /** Whether a pixel of the result takes one of the screen. */
  isFull?: boolean;
  /** Whether the original is shown alone. */
  isHeld?: boolean;
}

const MIDDLE = 50;

/** The original over the result, cut off at a divider: a range input, so keys and screen readers work it. */
export function BeforeAfter({ pair, isFull = false, isHeld = false }: BeforeAfterProps) {
  const [share, setShare] = useState(MIDDLE);
  const [isGone, setIsGone] = useState(false);
  const stage = useRef<HTMLDivElement>(null);
  const shown = isHeld ? 100 : isGone ? 0 : share;
  const { name, before, after, width, height } = pair;
  usePan(stage, `${after} ${isFull}`);
  // The divider stays where it is in the page, with the focus: only the pictures are others.
  useLayoutEffect(() => {
    setShare(MIDDLE);
    setIsGone(false);
  }, [before, after]);
  const size = isFull
    ? { width: `${width}px`, height: `${height}px` }
    : { aspectRatio: `${width} / ${height}` };
  return (
    <>
      <div ref={stage} class={isFull ? 'stage stage-full' : 'stage'} tabIndex={isFull ? 0 : undefined}>
        <div
          class="pair"
          style={{ ...size, '--share': String(shown / 100), '--ratio': String(width / height) }}
        >
          <img
            key={after}
            class="pair-after"
            src={after}
            alt={`${texts.compare.result}: ${name}`}
            draggable={false}
          />
          {!isGone && (
            <img
              key={before}
              class="pair-before"
              src={before}
              referrerpolicy="no-referrer"
              alt={`${texts.compare.original}: ${name}`}
              draggable={false}
              onError={() => setIsGone(true)}
            />
          )}
          {/* As large as the part of the picture that is seen, and always on it. */}
          <div class="pair-over">
            {!isGone && <span class="pair-line" aria-hidden="true" />}
            {!isGone && (
              <input
                type="range"
                min={0}
                max={100}
                value={share}
                aria-label={texts.compare.slider}
                aria-valuetext={texts.compare.value(share)}
                onInput={(event) => setShare(event.currentTarget.valueAsNumber)}
                onDblClick={() => setShare(MIDDLE)}
              />
            )}
            {!isGone && <span class="pair-label pair-label-before">{texts.compare.original}</span>}
            <span class="pair-label pair-label-after">{texts.compare.result}</span>
          </div>
        </div>
      </div>
      {isGone && <p class="quiet compare-gone">{texts.compare.gone}</p>}
    </>
  );
}
