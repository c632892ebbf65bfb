import type { TypeStyle } from '../../src/annotate/strokeFont.js';
import type { Random } from '../Random.js';

/** Drawings that training sees, and drawings kept back for the measurement. */
export type VariantSet = 'train' | 'heldout';

/** What a drawing is given: its random numbers, and which family of shapes it may use. */
export interface Look {
  readonly random: Random;
  readonly heldout: boolean;
}

/** SVG elements in a square of 100 by 100. */
export type Draw = (look: Look) => string;

/** A pictogram in the same square, in foreground `ink` with holes in `paper`. */
export type Pictogram = (look: Look, ink: string, paper: string) => string;

type Hue = 'red' | 'green' | 'blue' | 'yellow' | 'orange' | 'white' | 'black' | 'grey' | 'teal';

/** Hue (degrees), saturation and lightness (percent) with the spread that paints and prints have. */
const PAINTS: Readonly<Record<Hue, readonly [number, number, number, number, number, number]>> = {
  red: [-8, 8, 65, 95, 36, 52],
  green: [130, 168, 55, 100, 24, 42],
  blue: [203, 232, 60, 100, 28, 50],
  yellow: [42, 56, 80, 100, 46, 58],
  orange: [18, 34, 85, 100, 46, 56],
  teal: [170, 195, 50, 90, 28, 42],
  white: [0, 360, 0, 12, 90, 100],
  black: [0, 360, 0, 15, 2, 14],
  grey: [0, 360, 0, 10, 35, 70],
};

/** A shade of a named colour as an SVG colour. */
export function paint(look: Look, hue: Hue): string {
  const [h0, h1, s0, s1, l0, l1] = PAINTS[hue];
  return hsl(look.random.range(h0, h1), look.random.range(s0, s1), look.random.range(l0, l1));
}

/** `#rrggbb` from degrees and percents. */
export function hsl(hue: number, saturation: number, lightness: number): string {
  const l = lightness / 100;
  const amplitude = (saturation / 100) * Math.min(l, 1 - l);
  const channel = (n: number): string => {
    const k = (((n + hue / 30) % 12) + 12) % 12;
    const value = l - amplitude * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(255 * value)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}

/** A way of lettering; the held-out ones have widths and shapes that training does not use. */
export function lettering(look: Look): TypeStyle {
  const { random, heldout } = look;
  if (heldout) {
    return random.chance(0.5)
      ? { weight: random.range(0.125, 0.145), round: true, slant: 0.12, cap: 'butt', gap: 0.3 }
      : { weight: random.range(0.195, 0.21), round: false, slant: 0, cap: 'round', gap: 0.45 };
  }
  const cap = random.pick<TypeStyle['cap']>(['round', 'butt', 'square']);
  const round = random.chance(0.7);
  const weight = random.chance(0.5) ? random.range(0.09, 0.12) : random.range(0.15, 0.24);
  return {
    weight,
    round,
    slant: random.chance(0.8) ? 0 : random.range(0.15, 0.25),
    cap: round || cap === 'butt' ? cap : 'square',
    gap: random.range(0.15, 0.7),
  };
}

/** The same, but no stroke thinner than `least` of the letter's height. */
export function boldLettering(look: Look, least: number): TypeStyle {
  const style = lettering(look);
  return { ...style, weight: Math.max(style.weight, least) };
}

/** A stroked path with round or cut ends. */
export function line(path: string, colour: string, width: number, cap: 'round' | 'butt' = 'round'): string {
  const join = cap === 'round' ? 'round' : 'miter';
  return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width.toFixed(2)}" stroke-linecap="${cap}" stroke-linejoin="${join}"/>`;
}

export function solid(path: string, colour: string): string {
  return `<path d="${path}" fill="${colour}"/>`;
}

export function disc(x: number, y: number, radius: number, colour: string): string {
  return `<circle cx="${x.toFixed(2)}" cy="${y.toFixed(2)}" r="${radius.toFixed(2)}" fill="${colour}"/>`;
}

export function ring(x: number, y: number, radius: number, colour: string, width: number): string {
  return `<circle cx="${x.toFixed(2)}" cy="${y.toFixed(2)}" r="${radius.toFixed(2)}" fill="none" stroke="${colour}" stroke-width="${width.toFixed(2)}"/>`;
}

export function box(x: number, y: number, width: number, height: number, colour: string, radius = 0): string {
  return `<rect x="${x.toFixed(2)}" y="${y.toFixed(2)}" width="${width.toFixed(2)}" height="${height.toFixed(2)}" rx="${radius.toFixed(2)}" fill="${colour}"/>`;
}

export function frame(
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
  stroke: number,
  radius = 0,
): string {
  return `<rect x="${x.toFixed(2)}" y="${y.toFixed(2)}" width="${width.toFixed(2)}" height="${height.toFixed(2)}" rx="${radius.toFixed(2)}" fill="none" stroke="${colour}" stroke-width="${stroke.toFixed(2)}"/>`;
}

/** Puts a drawing of the 100 square into a smaller square centred at (x, y). */
export function inset(content: string, x: number, y: number, size: number, degrees = 0): string {
  const scale = size / 100;
  return `<g transform="translate(${x.toFixed(2)} ${y.toFixed(2)}) rotate(${degrees.toFixed(2)}) scale(${scale.toFixed(4)}) translate(-50 -50)">${content}</g>`;
}

/** A regular polygon's path; `degrees` turns its first corner from the right, clockwise. */
export function polygon(x: number, y: number, radius: number, corners: number, degrees: number): string {
  const points = Array.from({ length: corners }, (_, i) => {
    const angle = ((degrees + (360 / corners) * i) * Math.PI) / 180;
    return `${(x + radius * Math.cos(angle)).toFixed(2)},${(y + radius * Math.sin(angle)).toFixed(2)}`;
  });
  return `M${points.join('L')}Z`;
}
