import { execFileSync } from 'node:child_process';

/** What Pillow sees in a file: upright, in sRGB, on white. */
export interface Seen {
  format: string;
  width: number;
  height: number;
  frames: number;
  /** The profile belongs to another kind of colours; then there is no mean. */
  unknownProfile?: boolean;
  /** Mean red, green and blue, 0 to 255. */
  mean: [number, number, number];
  /** The colours at the four corners. */
  corners: [number, number, number][];
  /** Width and height of the smallest box around all that is darker than light grey; null where there is nothing. */
  dark: [number, number] | null;
}

const SCRIPT = `
import io, json, sys
from PIL import Image, ImageCms, ImageOps, ImageStat
Image.MAX_IMAGE_PIXELS = None

def see(path):
    try:
        image = Image.open(path)
        image.load()
    except Exception as error:
        return {"error": repr(error)}
    seen = {"format": image.format.lower(), "frames": getattr(image, "n_frames", 1)}
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    seen["width"], seen["height"] = upright.size
    if upright.mode in ("I;16", "I"):
        upright = upright.convert("F").point(lambda value: value / 257).convert("L")
    if upright.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        rgba = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    elif upright.mode == "P":
        upright = upright.convert("RGB")
    if profile and upright.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            upright = ImageCms.profileToProfile(upright, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except ImageCms.PyCMSError:
            return {**seen, "unknownProfile": True}
    rgb = upright.convert("RGB")
    seen["mean"] = ImageStat.Stat(rgb).mean
    right, bottom = rgb.width - 1, rgb.height - 1
    seen["corners"] = [rgb.getpixel(at) for at in ((0, 0), (right, 0), (0, bottom), (right, bottom))]
    dark = rgb.convert("L").point(lambda value: 255 if value < 215 else 0).getbbox()
    seen["dark"] = [dark[2] - dark[0], dark[3] - dark[1]] if dark else None
    return seen

print(json.dumps([see(path) for path in json.load(sys.stdin)]))
`;

/** The Python that has Pillow: an independent judge of what we write. Undefined where there is none. */
export function findPillow(): string | undefined {
  return ['python3', '/usr/bin/python3'].find((python) => {
    try {
      execFileSync(python, ['-c', 'from PIL import ImageCms'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/** Opens and decodes each file; one that Pillow can't has an `error`. */
export function seeWithPillow(python: string, files: string[]): (Partial<Seen> & { error?: string })[] {
  return JSON.parse(
    execFileSync(python, ['-c', SCRIPT], { input: JSON.stringify(files), maxBuffer: 2 ** 26 }).toString(),
  );
}
