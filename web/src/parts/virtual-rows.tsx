import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

interface VirtualRowsProps {
  total: number;
  /** Of every row, in pixels. */
  height: number;
  row: (index: number) => ComponentChildren;
}

/** Rows drawn beyond the edges of the window, so that scrolling shows no gaps. */
const BEYOND = 6;

/** A long list, of which only the rows in the window are drawn. */
export function VirtualRows({ total, height, row }: VirtualRowsProps) {
  const element = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ first: 0, last: 30 });
  useEffect(() => {
    const look = (): void => {
      const top = element.current?.getBoundingClientRect().top ?? 0;
      const first = Math.max(0, Math.floor(-top / height) - BEYOND);
      const last = Math.max(0, Math.ceil((innerHeight - top) / height)) + BEYOND;
      setRange((old) => (old.first === first && old.last === last ? old : { first, last }));
    };
    look();
    addEventListener('scroll', look, { passive: true });
    addEventListener('resize', look);
    return () => {
      removeEventListener('scroll', look);
      removeEventListener('resize', look);
    };
  }, [height, total]);
  const first = Math.min(range.first, Math.max(0, total - 1));
  const drawn = Array.from({ length: Math.max(0, Math.min(range.last, total) - first) }, (_, i) => first + i);
  return (
    <div ref={element} role="presentation" class="virtual" style={{ height: `${total * height}px` }}>
      <div role="presentation" style={{ transform: `translateY(${first * height}px)` }}>
        {drawn.map(row)}
      </div>
    </div>
  );
}
