import { strokeText } from '../src/annotate/strokeFont.js';
import { Random } from './Random.js';
import {
  box,
  disc,
  frame,
  hsl,
  type Look,
  lettering,
  line,
  polygon,
  ring,
  solid,
  type VariantSet,
} from './signs/Look.js';

const LETTERS = 'ABCDEFGHJKLMNPRSTUVYZ';

/** A word that means nothing, so that it can be no sign's text. */
function gibberish(random: Random): string {
  return Array.from(
    { length: random.integer(3, 8) },
    () => LETTERS[random.integer(0, LETTERS.length - 1)],
  ).join('');
}

function anyColour(random: Random): string {
  return hsl(random.range(0, 360), random.range(0, 95), random.range(8, 92));
}

function poster(look: Look): string {
  const { random } = look;
  const ink = anyColour(random);
  const left = random.range(0, 22);
  let drawn = box(left, 2, 100 - left * 2, 96, anyColour(random), random.range(0, 6));
  let y = random.range(8, 20);
  while (y < 88) {
    const high = random.range(3, 14);
    const wide = random.range(20, 84 - left * 2);
    if (y + high > 94) break;
    drawn += random.chance(0.5)
      ? strokeText(gibberish(random), [left + 8, y, wide, high], ink, lettering(look))
      : box(left + 8, y, wide, high * 0.6, random.chance(0.6) ? ink : anyColour(random));
    y += high + random.range(2, 8);
  }
  return drawn;
}

function picture(look: Look): string {
  const { random } = look;
  let drawn = box(2, 8, 96, 84, anyColour(random)) + box(6, 12, 88, 76, anyColour(random));
  for (let i = random.integer(3, 9); i > 0; i--) {
    const x = random.range(14, 86);
    const y = random.range(20, 80);
    const size = Math.min(random.range(4, 26), x - 6, 94 - x, y - 12, 88 - y);
    const colour = anyColour(random);
    drawn += random.chance(0.5)
      ? disc(x, y, size, colour)
      : solid(polygon(x, y, size, random.integer(3, 7), random.range(0, 360)), colour);
  }
  return drawn;
}

function shelf(look: Look): string {
  const { random } = look;
  const wood = anyColour(random);
  const rows = random.integer(2, 4);
  let drawn = box(1, 1, 98, 98, hsl(random.range(0, 360), random.range(0, 25), random.range(8, 40)));
  const pitch = 98 / rows;
  for (let row = 0; row < rows; row++) {
    const floor = (row + 1) * pitch - 2;
    let x = 4;
    while (x < 90) {
      const wide = Math.min(random.range(5, 24), 96 - x);
      const high = random.range(0.35, 0.85) * pitch;
      if (random.chance(0.85)) {
        const colour = random.chance(0.5)
          ? hsl(random.range(22, 42), random.range(25, 60), random.range(35, 65))
          : anyColour(random);
        drawn += box(x, floor - high, wide, high, colour);
        if (random.chance(0.4))
          drawn += box(x + wide * 0.2, floor - high * 0.7, wide * 0.6, high * 0.25, anyColour(random));
      }
      x += wide + random.range(0.5, 3);
    }
    drawn += box(1, floor, 98, 3, wood);
  }
  return drawn + frame(2, 2, 96, 96, wood, 3);
}

function door(look: Look): string {
  const { random } = look;
  const leaf = anyColour(random);
  const trim = anyColour(random);
  let drawn = box(16, 1, 68, 99, trim) + box(21, 5, 58, 95, leaf);
  if (random.chance(0.5))
    drawn += box(30, 14, 40, random.range(20, 40), hsl(210, random.range(5, 40), random.range(40, 85)));
  if (random.chance(0.5)) drawn += frame(28, 60, 44, 32, trim, 2);
  return drawn + disc(random.chance(0.5) ? 27 : 73, 55, 3, hsl(45, 20, random.range(30, 80)));
}

function pane(look: Look): string {
  const { random } = look;
  const bars = random.integer(0, 3);
  const light = random.range(45, 98);
  let drawn =
    box(3, 8, 94, 84, anyColour(random)) +
    box(8, 13, 84, 74, hsl(random.range(190, 225), random.range(5, 60), light));
  drawn += solid('M8 60L40 13L62 13L8 87Z', hsl(205, 20, Math.min(100, light + 8)));
  for (let i = 1; i <= bars; i++)
    drawn += box(8 + (84 * i) / (bars + 1), 13, 3, 74, hsl(0, 0, random.range(20, 90)));
  return drawn;
}

/** Plates in signs' colours with nothing on them, dials, cables: near misses. */
function plate(look: Look): string {
  const { random } = look;
  const colour = hsl(random.pick([0, 45, 140, 215, 30, 285]), random.range(55, 95), random.range(30, 58));
  const other = random.chance(0.5) ? hsl(0, 0, random.range(85, 100)) : anyColour(random);
  switch (random.integer(0, 5)) {
    case 0:
      return disc(50, 50, 46, other) + disc(50, 50, random.range(20, 42), colour);
    case 1:
      return (
        box(4, 20, 92, 60, colour, random.range(0, 10)) +
        strokeText(gibberish(random), [14, 36, 72, 26], other, lettering(look))
      );
    case 2:
      return (
        disc(50, 50, 46, other) +
        ring(50, 50, 43, anyColour(random), 5) +
        line(
          `M50 50L${random.range(25, 75)} 20M50 50L${random.range(60, 80)} ${random.range(30, 70)}`,
          '#111111',
          4,
        )
      );
    case 3:
      return (
        box(10, 10, 80, 80, colour, random.range(0, 14)) + frame(16, 16, 68, 68, other, random.range(1, 5))
      );
    case 4:
      return (
        box(6, 6, 88, 88, other) +
        Array.from({ length: random.integer(3, 12) }, (_, i) =>
          line(
            `M6 ${8 + i * 9}C30 ${random.range(0, 100)} 60 ${random.range(0, 100)} 94 ${random.range(8, 92)}`,
            anyColour(random),
            random.range(1, 4),
          ),
        ).join('')
      );
    default: {
      // Hazard stripes.
      let stripes = box(2, 36, 96, 28, colour);
      for (let x = 2; x < 86; x += 16)
        stripes += solid(`M${x} 64L${x + 12} 36L${x + 20} 36L${x + 8} 64Z`, other);
      return stripes;
    }
  }
}

const KINDS: readonly [(look: Look) => string, ...((look: Look) => string)[]] = [
  poster,
  poster,
  picture,
  shelf,
  shelf,
  door,
  pane,
  plate,
  plate,
  plate,
];

/** How many different pieces of clutter each set has. */
export const clutterCount: Readonly<Record<VariantSet, number>> = { train: 400, heldout: 120 };

/** A poster, picture, shelf, door, window or blank plate as an SVG document: what stands around a sign. */
export function clutterSvg(set: VariantSet, variant: number, sizePx: number): string {
  const random = new Random(set === 'train' ? 31 : 32, variant);
  const kind = random.pick(KINDS);
  const content = kind({ random, heldout: set === 'heldout' });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${sizePx}" height="${sizePx}" viewBox="0 0 100 100">${content}</svg>`;
}
