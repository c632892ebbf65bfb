import {
  box,
  type Draw,
  disc,
  frame,
  inset,
  type Look,
  line,
  type Pictogram,
  paint,
  polygon,
  ring,
  solid,
} from './Look.js';

/** A triangle with rounded corners; `up` points upwards. */
export function triangle(look: Look, up: boolean, colour: string, size: number, roundness: number): string {
  const height = size * look.random.range(0.84, 0.92);
  const half = size / 2;
  const top = 50 - height / 2;
  const path = up
    ? `M50 ${top}L${50 + half} ${top + height}L${50 - half} ${top + height}Z`
    : `M50 ${top + height}L${50 + half} ${top}L${50 - half} ${top}Z`;
  return `<path d="${path}" fill="${colour}" stroke="${colour}" stroke-width="${roundness}" stroke-linejoin="round"/>`;
}

/** ISO 7010 warning signs and the plates around them. */
export function warning(look: Look, pictogram: Pictogram): string {
  const { random, heldout } = look;
  const yellow = paint(look, random.chance(0.75) ? 'yellow' : 'orange');
  const black = paint(look, 'black');
  const style = heldout ? random.integer(10, 12) : random.integer(0, 8);
  const roundness = random.range(2, 14);
  const y = random.range(56, 62);
  const inner = (ink: string, paper: string, size: number, at = y): string =>
    inset(pictogram(look, ink, paper), 50, at, size);
  switch (style) {
    case 0:
    case 1: {
      const edge = random.range(5, 12);
      return (
        triangle(look, true, black, 88, roundness) +
        inset(triangle(look, true, yellow, 88, roundness), 50, 52, 100 - edge * 2.3) +
        inner(black, yellow, random.range(36, 46))
      );
    }
    case 2: {
      const size = random.range(30, 36);
      return (
        box(4, 12, 92, 76, yellow, random.range(0, 8)) +
        inset(triangle(look, true, black, 92, roundness), 50, 48, 70) +
        inset(triangle(look, true, yellow, 88, roundness), 50, 49.5, 56) +
        inner(black, yellow, size * 0.85, 54)
      );
    }
    case 3:
      return (
        solid(polygon(50, 50, 48, 4, 0), black) +
        solid(polygon(50, 50, random.range(42, 46), 4, 0), yellow) +
        inner(black, yellow, random.range(44, 56), 50)
      );
    case 4: {
      const white = paint(look, 'white');
      return (
        triangle(look, true, paint(look, 'red'), 88, roundness) +
        inset(triangle(look, true, white, 88, roundness), 50, 53, random.range(68, 78)) +
        inner(black, white, random.range(32, 40))
      );
    }
    case 5:
      return (
        box(8, 8, 84, 84, yellow, random.range(0, 10)) +
        frame(12, 12, 76, 76, black, random.range(2, 6), random.range(0, 8)) +
        inner(black, yellow, random.range(50, 64), 50)
      );
    case 6: {
      const radius = random.range(8, 26);
      return box(5, 5, 90, 90, yellow, radius) + inner(black, yellow, random.range(54, 70), 50);
    }
    case 7: {
      const ground = paint(look, random.pick(['white', 'grey', 'black']));
      return (
        (random.chance(0.6) ? box(2, 2, 96, 96, ground, random.range(0, 14)) : '') +
        inset(triangle(look, true, yellow, 90, roundness), 50, 50, 92) +
        inner(black, yellow, random.range(36, 46))
      );
    }
    case 8:
      return (
        box(14, 2, 72, 96, random.chance(0.5) ? yellow : paint(look, 'white'), random.range(0, 6)) +
        box(22, 7, 56, random.range(4, 9), black) +
        (random.chance(0.5) ? box(28, 18, 44, 3, black) : '') +
        inset(triangle(look, true, black, 90, roundness), 50, 62, 72) +
        inset(triangle(look, true, yellow, 88, roundness), 50, 63.5, 57) +
        inner(black, yellow, random.range(26, 31), 68)
      );
    case 10: {
      const edge = random.range(14, 17);
      return (
        triangle(look, true, yellow, 90, 10) +
        inset(triangle(look, true, black, 90, 8), 50, 51, 100 - edge) +
        inset(triangle(look, true, yellow, 90, 8), 50, 52.5, 92 - edge * 1.7) +
        inner(black, yellow, 40, 60)
      );
    }
    case 11:
      return (
        box(10, 2, 80, 96, paint(look, 'white'), 3) +
        inset(triangle(look, true, black, 92, 6), 50, 44, 80) +
        inset(triangle(look, true, yellow, 88, 6), 50, 46, 66) +
        inner(black, yellow, 33, 52) +
        box(18, 85, 64, 7, black)
      );
    default:
      return box(4, 4, 92, 92, black, 12) + box(8, 8, 84, 84, yellow, 10) + inner(black, yellow, 66, 50);
  }
}

/** A pictogram in a red ring with a bar across. */
export function prohibition(look: Look, pictogram: Pictogram): string {
  const { random, heldout } = look;
  const red = paint(look, 'red');
  const white = paint(look, 'white');
  const black = paint(look, 'black');
  const width = heldout ? random.range(8.5, 9.5) : random.pick([random.range(6, 8), random.range(10, 13)]);
  const radius = 45 - width / 2;
  const reach = radius * Math.SQRT1_2;
  const slope = random.chance(0.75) ? 1 : -1;
  const bar = line(
    `M${50 - reach} ${50 - reach * slope}L${50 + reach} ${50 + reach * slope}`,
    red,
    width * random.range(0.8, 1),
    'butt',
  );
  const face = inset(pictogram(look, black, white), 50, 50, random.range(52, 62));
  const back = heldout
    ? box(2, 2, 96, 96, random.chance(0.5) ? white : paint(look, 'grey'), 8)
    : random.chance(0.3)
      ? box(2, 2, 96, 96, white, random.range(0, 6))
      : '';
  const under = heldout ? random.chance(0.7) : random.chance(0.25);
  return `${back}${disc(50, 50, 48, white)}${under ? bar + face : face + bar}${ring(50, 50, radius, red, width)}`;
}

/** A pictogram on a coloured board: square, upright, long, round or framed. */
export function board(
  look: Look,
  pictogram: Pictogram,
  colours: readonly ['red' | 'green' | 'blue' | 'white' | 'black' | 'teal' | 'yellow', ...string[]],
  inverse = true,
): string {
  const { random, heldout } = look;
  const ground = paint(look, colours[0]);
  const light = paint(look, inverse ? 'white' : 'black');
  const scale = random.range(0.9, 1.05);
  const face = (size: number, y = 50): string => inset(pictogram(look, light, ground), 50, y, size * scale);
  const style = heldout ? random.integer(10, 12) : random.integer(0, 9);
  switch (style) {
    case 0:
      return box(5, 5, 90, 90, ground, random.range(0, 4)) + face(74);
    case 1: {
      const gap = random.range(3, 6);
      return (
        box(4, 4, 92, 92, ground, 8) +
        frame(4 + gap, 4 + gap, 92 - gap * 2, 92 - gap * 2, light, random.range(1.5, 3.5), 5) +
        face(66)
      );
    }
    case 2:
      return box(14, 3, 72, 94, ground, random.range(0, 8)) + face(62, random.range(42, 56));
    case 3:
      return disc(50, 50, 47, ground) + (random.chance(0.5) ? ring(50, 50, 43, light, 2) : '') + face(58);
    case 4:
      return box(2, 2, 96, 96, light, random.range(0, 4)) + box(7, 7, 86, 86, ground, 3) + face(70);
    case 5: {
      // The same sign printed the other way round: coloured on white.
      const size = random.range(66, 80);
      return (
        box(4, 4, 92, 92, light, random.range(0, 10)) +
        frame(6, 6, 88, 88, ground, random.range(1, 5), 4) +
        inset(pictogram(look, ground, light), 50, 50, size * 0.92)
      );
    }
    case 6: {
      const radius = random.range(10, 28);
      const rim = paint(look, random.pick(['grey', 'white', 'yellow', 'grey']));
      const edge = random.range(2, 6);
      return (
        box(3, 3, 94, 94, rim, radius) +
        box(3 + edge, 3 + edge, 94 - edge * 2, 94 - edge * 2, ground, Math.max(0, radius - edge)) +
        face(66)
      );
    }
    case 7: {
      // A caption of bars above or beside, on a board of the other colour.
      const bars = random.integer(1, 3);
      let drawn =
        box(10, 2, 80, 96, light, random.range(0, 8)) + box(13, 28, 74, 67, ground, random.range(0, 6));
      for (let i = 0; i < bars; i++) drawn += box(20, 7 + i * 7, random.range(30, 60), 4, ground);
      return drawn + face(56, 61);
    }
    case 8:
      return (
        box(3, 3, 94, 94, ground, random.range(10, 24)) +
        frame(7, 7, 86, 86, light, random.range(1, 3), random.range(6, 20)) +
        (random.chance(0.4) ? frame(11, 11, 78, 78, light, 1, random.range(4, 16)) : '') +
        face(62)
      );
    case 9:
      return box(1, random.range(8, 16), 98, random.range(68, 84), ground, random.range(0, 18)) + face(60);
    case 10:
      return box(2, 6, 96, 88, ground, 16) + frame(6, 10, 88, 80, light, 2, 12) + face(68);
    case 11:
      return (
        box(12, 1, 76, 98, light, 5) +
        box(15, 4, 70, 74, ground, 4) +
        face(60, 41) +
        box(24, 85, 52, 6, ground, 1)
      );
    default:
      return box(4, 4, 92, 92, paint(look, 'black'), 22) + box(7, 7, 86, 86, ground, 20) + face(68);
  }
}

/** Such boards in one of several colours. */
export const boardOf =
  (
    pictogram: Pictogram,
    first: Parameters<typeof board>[2][0],
    ...more: Parameters<typeof board>[2][0][]
  ): Draw =>
  (look) =>
    board(look, pictogram, [look.random.pick([first, ...more])]);
