import type { Vector } from './makeWorld.js';
import type { Random } from './Random.js';

/** Where the camera is and what it looks at; lengths in sign sides, angles in degrees. */
export interface View {
  /** Distance from the sign's centre. */
  readonly distance: number;
  /** Bearing of the camera seen from the sign: 0 straight in front, positive from the right. */
  readonly bearing: number;
  /** Height of the camera over the sign's centre seen as an angle; positive is below. */
  readonly elevation: number;
  readonly roll: number;
  /** Where the sign's centre stands in the picture, as a share of its shorter side from the middle. */
  readonly offsetX: number;
  readonly offsetY: number;
  /** Focal length over the picture's shorter side. */
  readonly focal: number;
  /** Horizontal stretch of the pixels: 1 square, 0.75 where 4:3 was squeezed into a square. */
  readonly aspect: number;
}

/** A view of the kind a robot gets; `apparent` is the sign's size over the picture's shorter side. */
export function pickView(random: Random, apparent: readonly [number, number] = [0.28, 0.85]): View {
  const focal = random.range(0.8, 1.5);
  const size = apparent[0] + (apparent[1] - apparent[0]) * random.next() ** 1.15;
  const room = Math.max(0.03, 0.49 - size * 0.54);
  return {
    distance: focal / size,
    bearing: random.chance(0.6) ? random.range(-22, 22) : random.range(-55, 55),
    elevation: random.range(-14, 16),
    roll: random.normal() * 4,
    offsetX: random.range(-room, room),
    offsetY: random.range(-room, room),
    focal,
    aspect: random.chance(0.4) ? 1 : random.range(0.68, 1.12),
  };
}

/** A pinhole camera: position, axes and focal lengths for a picture of a given size. */
export interface Camera {
  readonly position: Vector;
  readonly right: Vector;
  readonly down: Vector;
  readonly forward: Vector;
  readonly focalX: number;
  readonly focalY: number;
  readonly centreX: number;
  readonly centreY: number;
}

/** The camera of a view on a sign at (0, 0, signZ) for a picture of `width` by `height` pixels. */
export function cameraOf(view: View, signZ: number, width: number, height: number): Camera {
  const radians = Math.PI / 180;
  const bearing = view.bearing * radians;
  const elevation = view.elevation * radians;
  const d = view.distance;
  const forward: Vector = [
    -Math.sin(bearing) * Math.cos(elevation),
    -Math.sin(elevation),
    Math.cos(bearing) * Math.cos(elevation),
  ];
  const position: Vector = [-d * forward[0], -d * forward[1], signZ - d * forward[2]];
  const flat = Math.hypot(forward[0], forward[2]) || 1;
  const level: Vector = [forward[2] / flat, 0, -forward[0] / flat];
  const plumb: Vector = [
    forward[1] * level[2] - forward[2] * level[1],
    forward[2] * level[0] - forward[0] * level[2],
    forward[0] * level[1] - forward[1] * level[0],
  ];
  const c = Math.cos(view.roll * radians);
  const s = Math.sin(view.roll * radians);
  const blend = (a: Vector, p: number, b: Vector, q: number): Vector => [
    a[0] * p + b[0] * q,
    a[1] * p + b[1] * q,
    a[2] * p + b[2] * q,
  ];
  const short = Math.min(width, height);
  return {
    position,
    right: blend(level, c, plumb, s),
    down: blend(plumb, c, level, -s),
    forward,
    focalX: view.focal * short * view.aspect,
    focalY: view.focal * short,
    // The offset is a shift of the picture's centre: a crop of a larger picture.
    centreX: width / 2 + view.offsetX * short * view.aspect,
    centreY: height / 2 + view.offsetY * short,
  };
}
