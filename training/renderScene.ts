import { EffvitError } from '../src/core/EffvitError.js';
import { type CameraFaults, develop, pickFaults } from './cameraFaults.js';
import { clutterSvg } from './clutter.js';
import { makeWorld, type World } from './makeWorld.js';
import { paintQuad, paintSurfaces, projectQuad } from './paintWorld.js';
import { Random } from './Random.js';
import { type Sprite, SpriteCache } from './Sprite.js';
import type { VariantSet } from './signs/Look.js';
import { signClasses, signSvg } from './signs/signClasses.js';
import { cameraOf, pickView, type View } from './View.js';

/** Side of a drawing's raster in pixels. */
const SPRITE_PX = 176;
const SPRITE_PX_LARGE = 352;

/** Clutter comes again and again; a sign's variant hardly ever does, except from frame to frame. */
const clutterCache = new SpriteCache(240);
const signCache = new SpriteCache(24);

export interface SceneRequest {
  /** The same seed, class, set and size give the same bytes. */
  readonly seed: number;
  /** Index into `signClasses`; the last one is background. */
  readonly classIndex: number;
  readonly variantSet: VariantSet;
  readonly width: number;
  readonly height: number;
  /** Range of the sign's size over the picture's shorter side. */
  readonly apparent?: readonly [number, number];
  /**
   * A camera's own frame: square pixels, the sign within the part that a centre crop keeps. Without it the
   * picture may be stretched and the sign may touch the edge, which training wants.
   */
  readonly cameraFrame?: boolean;
}

/** One picture of a sign in a scene: RGB, 8 bits, rows without padding. */
export async function renderScene(request: SceneRequest): Promise<Uint8Array> {
  const { world, view, faults } = layOut(request);
  return renderView(world, view, faults, request.width, request.height, request.seed);
}

/** Where the sign stands in `renderScene`'s picture: left, top, right, bottom in pixels; undefined for background. */
export function signBox(request: SceneRequest): readonly [number, number, number, number] | undefined {
  const { world, view } = layOut(request);
  const quad = world.quads.find(({ face }) => face.kind === 'sign');
  const camera = cameraOf(view, world.signZ, request.width, request.height);
  const points = quad === undefined ? undefined : projectQuad(camera, quad.corners);
  if (points === undefined) return undefined;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function layOut(request: SceneRequest): { world: World; view: View; faults: CameraFaults } {
  const world = makeWorld(request.seed, request.classIndex, request.variantSet);
  const random = new Random(request.seed, request.classIndex, 0x71e3);
  const anyView = pickView(random, request.apparent);
  const view =
    request.cameraFrame === true
      ? { ...anyView, aspect: 1, offsetX: anyView.offsetX * 0.75, offsetY: anyView.offsetY * 0.75 }
      : anyView;
  return { world, view, faults: pickFaults(random) };
}

/**
 * One frame of a world as a camera sees it: for sequences, keep `world` and `faults` and move `view`.
 *
 * @throws EffvitError OUT_OF_RANGE for a class that does not exist or a picture without pixels.
 */
export async function renderView(
  world: World,
  view: View,
  faults: CameraFaults,
  width: number,
  height: number,
  frameSeed: number,
): Promise<Uint8Array> {
  if (!(world.classIndex in signClasses)) {
    throw new EffvitError(
      'OUT_OF_RANGE',
      `Expected a class from 0 to ${signClasses.length - 1} but received ${world.classIndex}.`,
    );
  }
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 16 || height < 16) {
    throw new EffvitError(
      'OUT_OF_RANGE',
      `Expected a picture of 16x16 pixels or more but received ${width}x${height}.`,
    );
  }
  const large = Math.min(width, height) > 300;
  const sprites = await Promise.all(world.quads.map((quad) => spriteOf(world, quad.face, large)));
  const canvas = { width, height, rgb: new Float32Array(width * height * 3) };
  const camera = cameraOf(view, world.signZ, width, height);
  paintSurfaces(canvas, camera, world);
  world.quads.forEach((quad, index) => {
    paintQuad(canvas, camera, world.set, quad, sprites[index]);
  });
  return develop(canvas, faults, frameSeed);
}

async function spriteOf(
  world: World,
  face: World['quads'][number]['face'],
  large: boolean,
): Promise<Sprite | undefined> {
  const size = large ? SPRITE_PX_LARGE : SPRITE_PX;
  if (face.kind === 'sign') {
    const { classIndex, variant } = face;
    return signCache.get(`s${world.set}${classIndex}/${variant}/${size}`, () =>
      signSvg(classIndex, world.set, variant, size),
    );
  }
  if (face.kind === 'clutter') {
    return clutterCache.get(`c${world.set}${face.variant}/${size}`, () =>
      clutterSvg(world.set, face.variant, size),
    );
  }
  return undefined;
}
