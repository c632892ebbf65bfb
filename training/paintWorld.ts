import type { Quad, Vector, World } from './makeWorld.js';
import type { Sprite } from './Sprite.js';
import { surfaceTexture, textureSize } from './surfaceTexture.js';
import type { Camera } from './View.js';

/** RGB in floats, 0..255 before the camera's own faults. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly rgb: Float32Array;
}

const MASK = textureSize - 1;
const FAR = 60;

/** Walls, floor, ceiling and sky: one ray a pixel against the few planes. */
export function paintSurfaces(canvas: Canvas, camera: Camera, world: World): void {
  const { width, height, rgb } = canvas;
  const planes = world.surfaces.map((surface) => {
    let at = surface.at;
    // A side wall never stands between the camera and the sign.
    if (surface.axis === 0) {
      const side = camera.position[0];
      at = at < 0 ? Math.min(at, side - 0.6) : Math.max(at, side + 0.6);
    } else if (surface.axis === 1) {
      const eye = camera.position[1];
      at = at < 0 ? Math.min(at, eye - 0.5) : Math.max(at, eye + 0.5);
    }
    return {
      axis: surface.axis,
      offset: at - camera.position[surface.axis],
      texels: textureSize / surface.scale,
      texture: surfaceTexture(world.set, surface.texture),
      gain: surface.gain,
    };
  });
  const [px, py, pz] = camera.position;
  for (let y = 0; y < height; y++) {
    const b = (y + 0.5 - camera.centreY) / camera.focalY;
    for (let x = 0; x < width; x++) {
      const a = (x + 0.5 - camera.centreX) / camera.focalX;
      const dx = camera.forward[0] + a * camera.right[0] + b * camera.down[0];
      const dy = camera.forward[1] + a * camera.right[1] + b * camera.down[1];
      const dz = camera.forward[2] + a * camera.right[2] + b * camera.down[2];
      let nearest = FAR;
      let hit: (typeof planes)[number] | undefined;
      for (const plane of planes) {
        const along = plane.axis === 2 ? dz : plane.axis === 1 ? dy : dx;
        const t = plane.offset / along;
        if (t > 0.01 && t < nearest) {
          nearest = t;
          hit = plane;
        }
      }
      const to = (y * width + x) * 3;
      if (hit === undefined) {
        rgb[to] = world.sky[0];
        rgb[to + 1] = world.sky[1];
        rgb[to + 2] = world.sky[2];
        continue;
      }
      const u = (hit.axis === 0 ? pz + dz * nearest : px + dx * nearest) * hit.texels + 4096;
      const v = (hit.axis === 1 ? pz + dz * nearest : py + dy * nearest) * hit.texels + 4096;
      const u0 = Math.floor(u);
      const v0 = Math.floor(v);
      const wu = u - u0;
      const wv = v - v0;
      const r0 = (v0 & MASK) * textureSize;
      const r1 = ((v0 + 1) & MASK) * textureSize;
      const c0 = u0 & MASK;
      const c1 = (u0 + 1) & MASK;
      const i00 = (r0 + c0) * 3;
      const i01 = (r0 + c1) * 3;
      const i10 = (r1 + c0) * 3;
      const i11 = (r1 + c1) * 3;
      const w00 = (1 - wu) * (1 - wv);
      const w01 = wu * (1 - wv);
      const w10 = (1 - wu) * wv;
      const w11 = wu * wv;
      const texture = hit.texture;
      for (let c = 0; c < 3; c++) {
        rgb[to + c] =
          ((texture[i00 + c] ?? 0) * w00 +
            (texture[i01 + c] ?? 0) * w01 +
            (texture[i10 + c] ?? 0) * w10 +
            (texture[i11 + c] ?? 0) * w11) *
          (hit.gain[c] ?? 1);
      }
    }
  }
}

function project(camera: Camera, point: Vector): readonly [number, number] | undefined {
  const x = point[0] - camera.position[0];
  const y = point[1] - camera.position[1];
  const z = point[2] - camera.position[2];
  const depth = x * camera.forward[0] + y * camera.forward[1] + z * camera.forward[2];
  if (depth < 0.05) return undefined;
  const right = x * camera.right[0] + y * camera.right[1] + z * camera.right[2];
  const down = x * camera.down[0] + y * camera.down[1] + z * camera.down[2];
  return [camera.centreX + (right / depth) * camera.focalX, camera.centreY + (down / depth) * camera.focalY];
}

/** The corners of a rectangle in the picture, or undefined where one lies behind the camera. */
export function projectQuad(
  camera: Camera,
  corners: Quad['corners'],
): readonly (readonly [number, number])[] | undefined {
  const points: (readonly [number, number])[] = [];
  for (const corner of corners) {
    const point = project(camera, corner);
    if (point === undefined) return undefined;
    points.push(point);
  }
  return points;
}

/** Rows of the map from picture to the unit square of a quadrilateral (Heckbert 1989), up to scale. */
function unitSquareMap(points: readonly (readonly [number, number])[]): readonly number[] | undefined {
  const [p0, p1, p2, p3] = points;
  if (p0 === undefined || p1 === undefined || p2 === undefined || p3 === undefined) return undefined;
  const dx1 = p1[0] - p2[0];
  const dx2 = p3[0] - p2[0];
  const dx3 = p0[0] - p1[0] + p2[0] - p3[0];
  const dy1 = p1[1] - p2[1];
  const dy2 = p3[1] - p2[1];
  const dy3 = p0[1] - p1[1] + p2[1] - p3[1];
  const det = dx1 * dy2 - dx2 * dy1;
  if (Math.abs(det) < 1e-6) return undefined;
  const g = (dx3 * dy2 - dx2 * dy3) / det;
  const h = (dx1 * dy3 - dx3 * dy1) / det;
  const a = p1[0] - p0[0] + g * p1[0];
  const b = p3[0] - p0[0] + h * p3[0];
  const c = p0[0];
  const d = p1[1] - p0[1] + g * p1[1];
  const e = p3[1] - p0[1] + h * p3[1];
  const f = p0[1];
  // The adjugate: the inverse up to a factor, which the division by w cancels.
  return [
    e - f * h,
    c * h - b,
    b * f - c * e,
    f * g - d,
    a - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
}

/** Paints a rectangle's face; `sprite` is needed for signs and clutter. */
export function paintQuad(
  canvas: Canvas,
  camera: Camera,
  set: World['set'],
  quad: Quad,
  sprite: Sprite | undefined,
): void {
  const points = projectQuad(camera, quad.corners);
  if (points === undefined) return;
  const map = unitSquareMap(points);
  if (map === undefined) return;
  const [m0 = 0, m1 = 0, m2 = 0, m3 = 0, m4 = 0, m5 = 0, m6 = 0, m7 = 0, m8 = 0] = map;
  const { width, height, rgb } = canvas;
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  const left = Math.max(0, Math.floor(Math.min(...xs)));
  const right = Math.min(width - 1, Math.ceil(Math.max(...xs)));
  const top = Math.max(0, Math.floor(Math.min(...ys)));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(...ys)));
  const extent = Math.max(Math.max(...xs) - Math.min(...xs), Math.max(...ys) - Math.min(...ys));
  const face = quad.face;
  const wear = face.kind === 'sign' ? face.wear : 0;
  const dirt = face.kind === 'sign' && wear > 0 ? surfaceTexture(set, face.wearTexture) : undefined;
  let level = sprite?.levels[0];
  for (const candidate of sprite?.levels ?? []) {
    if (candidate.sizePx >= extent * 0.9) level = candidate;
  }
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const fx = x + 0.5;
      const fy = y + 0.5;
      const w = m6 * fx + m7 * fy + m8;
      const u = (m0 * fx + m1 * fy + m2) / w;
      const v = (m3 * fx + m4 * fy + m5) / w;
      if (!(u >= 0 && u < 1 && v >= 0 && v < 1)) continue;
      const to = (y * width + x) * 3;
      if (face.kind === 'shadow') {
        const edge = Math.min(1, Math.min(u, 1 - u, v, 1 - v) * 12);
        const keep = 1 - face.share * edge;
        rgb[to] = (rgb[to] ?? 0) * keep;
        rgb[to + 1] = (rgb[to + 1] ?? 0) * keep;
        rgb[to + 2] = (rgb[to + 2] ?? 0) * keep;
      } else if (face.kind === 'colour') {
        rgb[to] = face.rgb[0] * quad.gain;
        rgb[to + 1] = face.rgb[1] * quad.gain;
        rgb[to + 2] = face.rgb[2] * quad.gain;
      } else if (level !== undefined) {
        const size = level.sizePx;
        const tx = Math.max(0, Math.min(size - 1.001, u * size - 0.5));
        const ty = Math.max(0, Math.min(size - 1.001, v * size - 0.5));
        const x0 = Math.floor(tx);
        const y0 = Math.floor(ty);
        const wx = tx - x0;
        const wy = ty - y0;
        const i = (y0 * size + x0) * 4;
        const j = i + size * 4;
        const texels = level.rgba;
        const w00 = (1 - wx) * (1 - wy);
        const w01 = wx * (1 - wy);
        const w10 = (1 - wx) * wy;
        const w11 = wx * wy;
        const alpha =
          (texels[i + 3] ?? 0) * w00 +
          (texels[i + 7] ?? 0) * w01 +
          (texels[j + 3] ?? 0) * w10 +
          (texels[j + 7] ?? 0) * w11;
        if (alpha < 1) continue;
        const keep = 1 - alpha / 255;
        let gain = quad.gain;
        if (dirt !== undefined) {
          const grain =
            dirt[(Math.floor(v * textureSize) * textureSize + Math.floor(u * textureSize)) * 3] ?? 128;
          gain *= 1 + wear * (grain / 160 - 0.8);
        }
        for (let c = 0; c < 3; c++) {
          rgb[to + c] =
            (rgb[to + c] ?? 0) * keep +
            ((texels[i + c] ?? 0) * w00 +
              (texels[i + 4 + c] ?? 0) * w01 +
              (texels[j + c] ?? 0) * w10 +
              (texels[j + 4 + c] ?? 0) * w11) *
              gain;
        }
      }
    }
  }
}
