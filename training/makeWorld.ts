import { clutterCount } from './clutter.js';
import { Random } from './Random.js';
import type { VariantSet } from './signs/Look.js';
import { backgroundIndex } from './signs/signClasses.js';
import { textureCount } from './surfaceTexture.js';

/** Metres do not matter here: one unit is the side of the sign. x right, y down, z into the wall. */
export type Vector = readonly [x: number, y: number, z: number];

/** An infinite plane `axis = at`, covered with a texture. */
export interface Surface {
  readonly axis: 0 | 1 | 2;
  readonly at: number;
  readonly texture: number;
  /** Side of one repetition, in units. */
  readonly scale: number;
  readonly gain: Vector;
}

/** What a rectangle in space shows. */
export type Face =
  | {
      readonly kind: 'sign';
      readonly classIndex: number;
      readonly variant: number;
      /** Dirt and fading: how strongly this texture shows on the sign, 0 to 0.6. */
      readonly wear: number;
      readonly wearTexture: number;
    }
  | { readonly kind: 'clutter'; readonly variant: number }
  | { readonly kind: 'colour'; readonly rgb: Vector }
  /** The soft shadow of a rectangle: darkens by this share. */
  | { readonly kind: 'shadow'; readonly share: number };

/** A rectangle in space by its corners: top left, top right, bottom right, bottom left. */
export interface Quad {
  readonly corners: readonly [Vector, Vector, Vector, Vector];
  readonly face: Face;
  readonly gain: number;
}

/** A place with or without a sign on the z axis, ready to be seen from anywhere in front of it. */
export interface World {
  readonly set: VariantSet;
  readonly classIndex: number;
  readonly surfaces: readonly Surface[];
  /** Where the sign hangs on the z axis: 0 on the wall, negative in front of it. */
  readonly signZ: number;
  /** Colour above the horizon where no ceiling is, 0..255. */
  readonly sky: Vector;
  /** In the order in which they are painted. */
  readonly quads: readonly Quad[];
}

/** An upright rectangle that faces the viewer. */
function facing(
  x: number,
  y: number,
  z: number,
  width: number,
  height: number,
  degrees = 0,
): Quad['corners'] {
  const c = Math.cos((degrees * Math.PI) / 180);
  const s = Math.sin((degrees * Math.PI) / 180);
  const at = (px: number, py: number): Vector => [x + px * c - py * s, y + px * s + py * c, z];
  const w = width / 2;
  const h = height / 2;
  return [at(-w, -h), at(w, -h), at(w, h), at(-w, h)];
}

function rgb(random: Random): Vector {
  const level = random.range(20, 230);
  const spread = random.chance(0.5) ? 12 : 80;
  const channel = (): number => Math.min(255, Math.max(0, level + random.range(-spread, spread)));
  return [channel(), channel(), channel()];
}

function tint(random: Random, brightness: number): Vector {
  const channel = (): number => brightness * random.range(0.9, 1.1);
  return [channel(), channel(), channel()];
}

/** A carton on the floor: front, top and one side. */
function carton(random: Random, x: number, floor: number, z: number): Quad[] {
  const w = random.range(0.5, 1.8);
  const h = random.range(0.4, 1.8);
  const d = random.range(0.4, 1.2);
  const colour: Vector = random.chance(0.6)
    ? [random.range(120, 190), random.range(90, 140), random.range(50, 95)]
    : rgb(random);
  const top = floor - h;
  const left = x - w / 2;
  const right = x + w / 2;
  const side = x > 0 ? left : right;
  const face: Face = { kind: 'colour', rgb: colour };
  return [
    {
      corners: [
        [left, top, z + d],
        [right, top, z + d],
        [right, top, z],
        [left, top, z],
      ],
      face,
      gain: 1.15,
    },
    {
      corners: [
        [side, top, z + d],
        [side, top, z],
        [side, floor, z],
        [side, floor, z + d],
      ],
      face,
      gain: 0.7,
    },
    {
      corners: [
        [left, top, z],
        [right, top, z],
        [right, floor, z],
        [left, floor, z],
      ],
      face,
      gain: 0.95,
    },
  ];
}

/**
 * A room, corridor, yard or wall with clutter, and the sign on the wall or on a post.
 * Everything follows from `seed`, the class and the set.
 */
export function makeWorld(seed: number, classIndex: number, set: VariantSet): World {
  const random = new Random(seed, classIndex, set === 'train' ? 11 : 12);
  const floor = random.range(1, 5);
  const texture = (): number => random.integer(0, textureCount[set] - 1);
  const scale = (): number => random.range(1.2, 6);
  const outdoors = random.chance(0.25);
  const narrow = random.chance(0.4) ? 3 : 9;
  const surfaces: Surface[] = [
    { axis: 2, at: 0, texture: texture(), scale: scale(), gain: tint(random, random.range(0.7, 1.1)) },
    { axis: 1, at: floor, texture: texture(), scale: scale(), gain: tint(random, random.range(0.5, 1)) },
  ];
  if (!outdoors) {
    const ceiling = -random.range(1.1, 4.5);
    surfaces.push(
      {
        axis: 1,
        at: ceiling,
        texture: texture(),
        scale: scale(),
        gain: tint(random, random.range(0.8, 1.3)),
      },
      {
        axis: 0,
        at: -random.range(1.2, narrow),
        texture: texture(),
        scale: scale(),
        gain: tint(random, random.range(0.5, 1)),
      },
      {
        axis: 0,
        at: random.range(1.2, narrow),
        texture: texture(),
        scale: scale(),
        gain: tint(random, random.range(0.5, 1)),
      },
    );
  }
  const back: Quad[] = [];
  const front: Quad[] = [];
  const clutter = (): Face => ({ kind: 'clutter', variant: random.integer(0, clutterCount[set] - 1) });
  const hasSign = classIndex !== backgroundIndex;
  // Things on the wall: anywhere but under the sign.
  for (let i = random.integer(hasSign ? 0 : 1, hasSign ? 7 : 10); i > 0; i--) {
    const size = random.range(0.5, 2.6);
    const x = random.range(-1, 1) * (hasSign ? 4 : 2.6);
    const y = random.range(-2.5, Math.min(floor, 2.5));
    const reach = 0.56 + size / 2;
    if (hasSign && Math.abs(x) < reach && Math.abs(y) < reach) continue;
    back.push({
      corners: facing(x, y, -0.01, size, size, random.chance(0.8) ? 0 : random.range(-8, 8)),
      face: clutter(),
      gain: random.range(0.7, 1.1),
    });
  }
  for (let i = random.chance(0.5) ? random.integer(1, 2) : 0; i > 0; i--) {
    // Pipes, trunking and rails across the wall.
    const thick = random.range(0.04, 0.2);
    const upright = random.chance(0.5);
    const at = random.range(-3, 3);
    if (hasSign && Math.abs(at) < 0.6 + thick) continue;
    back.push({
      corners: upright ? facing(at, 0, -0.02, thick, 14) : facing(0, at, -0.02, 20, thick),
      face: { kind: 'colour', rgb: rgb(random) },
      gain: random.range(0.7, 1.2),
    });
  }
  for (let i = random.integer(0, 3); i > 0; i--) {
    const side = random.chance(0.5) ? 1 : -1;
    back.push(...carton(random, side * random.range(1, 4), floor, -random.range(0.3, 1.4)));
  }
  const post = hasSign && random.chance(0.3);
  const z = post ? -random.range(0.3, 1.4) : -random.range(0.015, 0.06);
  if (hasSign) {
    if (post) {
      const wide = random.range(0.05, 0.14);
      const lightness = random.range(50, 200);
      back.push({
        corners: facing(random.range(-0.05, 0.05), floor / 2, z + 0.02, wide, floor),
        face: { kind: 'colour', rgb: [lightness, lightness, lightness * 1.02] },
        gain: 1,
      });
    } else if (random.chance(0.5)) {
      const drop = random.range(0.02, 0.1);
      back.push({
        corners: facing(drop, drop, -0.012, 1.06, 1.06),
        face: { kind: 'shadow', share: random.range(0.2, 0.5) },
        gain: 1,
      });
    }
    if (random.chance(0.12)) {
      // A backing board, as on machines and fences.
      const size = random.range(1.1, 1.5);
      back.push({
        corners: facing(0, 0, z + 0.005, size, size),
        face: { kind: 'colour', rgb: rgb(random) },
        gain: 1,
      });
    }
    back.push({
      corners: facing(0, 0, z, random.range(0.93, 1.07), random.range(0.93, 1.07), random.normal() * 2.5),
      face: {
        kind: 'sign',
        classIndex,
        variant: random.integer(0, set === 'train' ? 1999 : 999),
        wear: random.chance(0.35) ? random.range(0.1, 0.6) : 0,
        wearTexture: texture(),
      },
      gain: random.range(0.8, 1.08),
    });
    if (random.chance(0.18)) {
      // Something in front hides an edge: a post, a twig, a carton.
      const wide = random.range(0.05, 0.22);
      const side = random.chance(0.5) ? 1 : -1;
      const at = side * random.range(0.3, 0.55);
      front.push({
        corners: random.chance(0.6)
          ? facing(at, 0, z - 0.05, wide * 0.7, 12, random.range(-15, 15))
          : facing(0, at, z - 0.05, random.range(0.5, 3), wide * 0.7, random.range(-10, 10)),
        face: { kind: 'colour', rgb: rgb(random) },
        gain: 1,
      });
    }
  }
  const skyLevel = random.range(120, 250);
  return {
    set,
    classIndex,
    surfaces,
    signZ: z,
    sky: [skyLevel * random.range(0.7, 1), skyLevel * random.range(0.85, 1), skyLevel],
    quads: [...back, ...front],
  };
}
