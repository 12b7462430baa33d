// Runs in a thread of its own: turns HEIC and BMP into samples of 8 bits. Plain JavaScript, as tests load it as it stands.
// Takes {id, kind, bytes, maxPixels, extraBytes, endsAt}, answers {id, samples, width, height, channels, icc, nclx, exif, heapBytes} or {id, error}.
// `samples` is a buffer with HEAD_BYTES of room in front of the pixels, and room for tags behind them.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';

const require = createRequire(import.meta.url);
const HEAD_BYTES = 8;
const TAIL_BYTES = 8192;
const MEGABYTE = 1_000_000;
const TOO_LARGE = 'too large';

// Pixels of 8 bits took 13 bytes, of 10 bits 20, beside the file and the library. A file whose parts are larger than it says
// meets this instead of the memory of the machine.
let maxHeapBytes = Infinity;
const grow = WebAssembly.Memory.prototype.grow;
WebAssembly.Memory.prototype.grow = function (pages) {
  if (this.buffer.byteLength + pages * 65_536 > maxHeapBytes) throw new RangeError('too much memory');
  return grow.call(this, pages);
};

const DECODERS = { heic: decodeHeic, bmp: decodeBmp };

parentPort.on('message', async ({ id, kind, bytes, ...limits }) => {
  try {
    const answer = await DECODERS[kind](bytes, limits);
    const shared = [answer.samples.buffer, ...(answer.icc ? [answer.icc.buffer] : []), ...(answer.exif ? [answer.exif.buffer] : [])]; // prettier-ignore
    parentPort.postMessage({ id, ...answer }, shared);
  } catch (error) {
    parentPort.postMessage({ id, error: String(error?.message ?? error), heapBytes: Infinity });
  }
});

function roomFor(pixels, extraBytes) {
  return new Uint8Array(HEAD_BYTES + pixels + TAIL_BYTES + extraBytes);
}

let heif;

async function decodeHeic(bytes, { maxPixels }) {
  maxHeapBytes = 64 * MEGABYTE + 3 * bytes.length + 22 * maxPixels;
  if (!heif) {
    heif = require('libheif-js/wasm-bundle');
    await heif.ready;
  }
  return new HeicDecoder(heif).decode(bytes, maxPixels);
}

/** libheif by its C API: addresses are numbers, and every one of them is given back. */
class HeicDecoder {
  constructor(lib) {
    this.lib = lib;
    this.error = lib._malloc(12);
    this.slot = lib._malloc(4);
    this.undo = [() => lib._free(this.error), () => lib._free(this.slot)];
  }

  decode(bytes, maxPixels) {
    try {
      return this.read(bytes, maxPixels);
    } finally {
      for (const undo of this.undo.reverse()) undo();
    }
  }

  read(bytes, maxPixels) {
    const { lib } = this;
    const file = this.held(lib._malloc(bytes.length), lib._free);
    lib.HEAPU8.set(bytes, file);
    const context = this.held(lib._heif_context_alloc(), lib._heif_context_free);
    lib._heif_context_read_from_memory_without_copy(this.error, context, file, bytes.length, 0);
    this.check();
    lib._heif_context_get_primary_image_handle(this.error, context, this.slot);
    this.check();
    const handle = this.held(this.slotValue(), lib._heif_image_handle_release);
    const width = lib._heif_image_handle_get_width(handle);
    const height = lib._heif_image_handle_get_height(handle);
    if (!(width > 0 && height > 0) || width * height > maxPixels) throw new Error(TOO_LARGE);
    const hasAlpha = lib._heif_image_handle_has_alpha_channel(handle) !== 0;
    const icc = this.readProfile(handle);
    const nclx = this.readNclx(handle);
    const exif = this.readExif(handle);
    lib._heif_decode_image(this.error, handle, this.slot, 1, hasAlpha ? 11 : 10, 0); // RGB, interleaved
    this.check();
    const image = this.held(this.slotValue(), lib._heif_image_release);
    const channels = hasAlpha ? 4 : 3;
    const samples = this.readSamples({ image, width, height, channels, extraBytes: icc?.length ?? 0 });
    return { samples, width, height, channels, icc, nclx, exif, heapBytes: lib.HEAPU8.length };
  }

  readSamples({ image, width, height, channels, extraBytes }) {
    const { lib } = this;
    const plane = lib._heif_image_get_plane_readonly(image, 10, this.slot);
    const stride = this.slotValue();
    const isAsSaid =
      lib._heif_image_get_width(image, 10) === width && lib._heif_image_get_height(image, 10) === height;
    if (!plane || !isAsSaid) throw new Error('another size than it says');
    const rowBytes = width * channels;
    const samples = roomFor(rowBytes * height, extraBytes);
    for (let row = 0; row < height; row += 1) {
      const from = plane + row * stride;
      samples.set(lib.HEAPU8.subarray(from, from + rowBytes), HEAD_BYTES + row * rowBytes);
    }
    return samples;
  }

  readProfile(handle) {
    const { lib } = this;
    const bytes = lib._heif_image_handle_get_raw_color_profile_size(handle);
    if (bytes === 0) return undefined;
    const at = this.held(lib._malloc(bytes), lib._free);
    lib._heif_image_handle_get_raw_color_profile(this.error, handle, at);
    this.check();
    return lib.HEAPU8.slice(at, at + bytes);
  }

  /** Primaries, transfer and matrix as ITU-T H.273 numbers them. */
  readNclx(handle) {
    const { lib } = this;
    lib._heif_image_handle_get_nclx_color_profile(this.error, handle, this.slot);
    if (lib.HEAP32[this.error >> 2] !== 0) return undefined;
    const at = this.slotValue();
    const numbers = [...lib.HEAP32.subarray((at >> 2) + 1, (at >> 2) + 4)];
    lib._heif_nclx_color_profile_free(at);
    return numbers;
  }

  readExif(handle) {
    const { lib } = this;
    const ids = this.held(lib._malloc(40), lib._free);
    const count = lib._heif_image_handle_get_list_of_metadata_block_IDs(handle, 0, ids, 10);
    for (let index = 0; index < Math.min(count, 10); index += 1) {
      const id = lib.HEAP32[(ids >> 2) + index];
      if (this.text(lib._heif_image_handle_get_metadata_type(handle, id)) !== 'Exif') continue;
      const bytes = lib._heif_image_handle_get_metadata_size(handle, id);
      const at = this.held(lib._malloc(bytes), lib._free);
      lib._heif_image_handle_get_metadata(this.error, handle, id, at);
      this.check();
      return lib.HEAPU8.slice(at, at + bytes);
    }
    return undefined;
  }

  held(address, release) {
    if (!address) throw new Error('no memory');
    this.undo.push(() => release(address));
    return address;
  }

  slotValue() {
    return this.lib.HEAP32[this.slot >> 2];
  }

  text(at) {
    let end = at;
    while (at && this.lib.HEAPU8[end]) end += 1;
    return Buffer.from(this.lib.HEAPU8.subarray(at, end)).toString('latin1');
  }

  check() {
    const [code, , message] = new Int32Array(this.lib.HEAPU8.buffer, this.error, 3);
    if (code !== 0) throw new Error(this.text(message));
  }
}

let bmp;

/** libnsbmp, by its own functions: the package would copy the samples twice. */
function decodeBmp(bytes, { maxPixels, extraBytes, endsAt }) {
  bmp ??= openNsbmp();
  const file = bmp.malloc(bytes.length);
  const facts = bmp.malloc(12);
  const memory = new Uint8Array(bmp.memory.buffer);
  memory.set(bytes, file);
  if (endsAt) memory[file + endsAt] = 1;
  const error = bmp.decode_bmp(facts, facts + 4, facts + 8, file, bytes.length);
  bmp.free(file);
  const [at, width, height] = new Uint32Array(bmp.memory.buffer, facts, 3);
  bmp.free(facts);
  if (error !== 0) throw new Error('not a readable BMP');
  const pixels = width * height;
  if (pixels === 0 || pixels > maxPixels) throw new Error(TOO_LARGE);
  const rgba = new Uint8Array(bmp.memory.buffer, at, pixels * 4);
  const channels = hidesSomething(rgba) ? 4 : 3;
  const samples = roomFor(pixels * channels, extraBytes);
  if (channels === 4) samples.set(rgba, HEAD_BYTES);
  else {
    for (let from = 0, to = HEAD_BYTES; from < rgba.length; from += 4, to += 3) {
      samples[to] = rgba[from];
      samples[to + 1] = rgba[from + 1];
      samples[to + 2] = rgba[from + 2];
    }
  }
  bmp.free(at);
  return { samples, width, height, channels, heapBytes: bmp.memory.buffer.byteLength };
}

function openNsbmp() {
  const module = new WebAssembly.Module(readFileSync(require.resolve('@cwasm/nsbmp/nsbmp.wasm')));
  const refused = () => {
    throw new Error('no files here');
  };
  const imports = { fd_close: refused, fd_seek: refused, fd_write: refused, proc_exit: refused };
  return new WebAssembly.Instance(module, { wasi_snapshot_preview1: imports, env: {} }).exports;
}

/** Many writers leave the fourth byte at 0: a picture that is transparent all over is meant to be seen. */
function hidesSomething(rgba) {
  let [least, most] = [255, 0];
  for (let at = 3; at < rgba.length; at += 4) {
    if (rgba[at] < least) least = rgba[at];
    if (rgba[at] > most) most = rgba[at];
  }
  return least < 255 && most > 0;
}
