import { MAX_HELD_PIXELS } from '../memory.js';
import type { CompressionOptions } from '../options.js';

/** A part of a picture, in pixels. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What is delivered of a picture, upright: which part of it, in which size, and where on which canvas. */
export interface Layout {
  /** Of the result. */
  width: number;
  height: number;
  /** Whether it has other pixels than the source. */
  isResized: boolean;
  /** The part of the source that is shown. */
  shown: Box;
  /** Where it lies in the result. */
  place: Box;
  /** Whether the canvas would have more pixels than can be held. */
  isReduced: boolean;
}

/** A picture, upright, and what is left of it without its border, where that was looked for. */
export interface Shown {
  width: number;
  height: number;
  shown?: Box;
}

type SizeOptions = Pick<CompressionOptions, 'maxWidth' | 'maxHeight' | 'canvas'>;

// 1600 / 2 * 2 is not always 1600.
const ROUNDING = 1e-6;

/** The layout that the options ask for; that of the whole picture where they cut its border off and it was not looked for. */
export function layOut(source: Shown, options: SizeOptions): Layout {
  const { width, height } = source;
  const whole = { left: 0, top: 0, width, height };
  return options.canvas ? layOutCanvas(source, whole, options) : fitInside(whole, options);
}

/** Pixels that a result has at most, whatever is left of the picture without its border. */
export function mostPixels(source: Shown, options: SizeOptions): number {
  const { canvas, maxWidth, maxHeight } = options;
  const { width, height } = layOut({ ...source, shown: undefined }, options);
  if (!canvas?.enlarges || (maxWidth ?? maxHeight) === null) return width * height;
  return Math.min(MAX_HELD_PIXELS, (maxWidth ?? Infinity) * (maxHeight ?? Infinity));
}

/** The same part of a picture that is larger by the factors, in whole pixels. */
export function enlarged(box: Box, x: number, y: number, within: { width: number; height: number }): Box {
  const [left, top] = [Math.floor(box.left * x), Math.floor(box.top * y)];
  const right = Math.min(within.width, Math.ceil((box.left + box.width) * x));
  const bottom = Math.min(within.height, Math.ceil((box.top + box.height) * y));
  return { left, top, width: right - left, height: bottom - top };
}

function fitInside(whole: Box, { maxWidth, maxHeight }: SizeOptions): Layout {
  const { width, height } = whole;
  const factor = Math.min(1, (maxWidth ?? width) / width, (maxHeight ?? height) / height);
  const scaled = (side: number): number => Math.max(1, Math.round(side * factor));
  const size = { width: scaled(width), height: scaled(height) };
  const place = { left: 0, top: 0, ...size };
  return { ...size, isResized: factor < 1, shown: whole, place, isReduced: false };
}

function layOutCanvas(source: Shown, whole: Box, options: SizeOptions): Layout {
  const canvas = options.canvas!;
  const shown = (canvas.trims ? source.shown : undefined) ?? whole;
  const fill = canvas.fill / 100;
  const { isReduced, ...size } = canvasSize(shown, fill, options);
  const factor = Math.min((fill * size.width) / shown.width, (fill * size.height) / shown.height);
  const scale = canvas.enlarges ? factor : Math.min(1, factor);
  // Rounded up, so that it fills no less than was asked for.
  const scaled = (side: 'width' | 'height'): number => {
    const most = canvas.enlarges ? size[side] : Math.min(size[side], shown[side]);
    return Math.min(most, Math.max(1, Math.ceil(shown[side] * scale - ROUNDING)));
  };
  const [width, height] = [scaled('width'), scaled('height')];
  const place = {
    ...{ width, height },
    left: Math.floor((size.width - width) / 2),
    top: Math.floor((size.height - height) / 2),
  };
  return { ...size, isResized: !isSame(shown, whole, place, size), shown, place, isReduced };
}

/** The smallest canvas in which the picture takes its part of a side in its own size; made smaller, or larger, as the limits say. */
function canvasSize(
  { width, height }: Box,
  fill: number,
  { canvas, maxWidth, maxHeight }: SizeOptions,
): { width: number; height: number; isReduced: boolean } {
  const { ratio, enlarges } = canvas!;
  const shape = ratio ? ratio[0] / ratio[1] : width / height;
  const own = Math.max(width / fill, (height / fill) * shape);
  const limit = Math.min((maxWidth ?? Infinity) / own, (maxHeight ?? Infinity) / (own / shape));
  const wanted = enlarges && limit < Infinity ? limit : Math.min(1, limit);
  const most = Math.sqrt(MAX_HELD_PIXELS / (own * (own / shape)));
  const scale = Math.min(wanted, most);
  // The longer side is rounded down, so that the picture fills no less of it.
  const longer = Math.max(1, Math.floor(Math.max(own, own / shape) * scale + ROUNDING));
  const rounded = Math.round(shape >= 1 ? longer / shape : longer * shape);
  const shorter = Math.max(1, Math.min(rounded, Math.floor(MAX_HELD_PIXELS / longer)));
  const size = shape >= 1 ? { width: longer, height: shorter } : { width: shorter, height: longer };
  return { ...size, isReduced: most < wanted };
}

function isSame(shown: Box, whole: Box, place: Box, size: { width: number; height: number }): boolean {
  const isWhole = shown.width === whole.width && shown.height === whole.height;
  const isUnscaled = place.width === shown.width && place.height === shown.height;
  return isWhole && isUnscaled && size.width === whole.width && size.height === whole.height;
}
