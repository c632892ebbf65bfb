import { strokeText } from '../../src/annotate/strokeFont.js';
import {
  box,
  type Draw,
  disc,
  frame,
  inset,
  lettering,
  line,
  type Pictogram,
  paint,
  ring,
  solid,
} from './Look.js';
import { person } from './people.js';
import { board, prohibition, warning } from './plates.js';

const bolt: Pictogram = (look, ink) => {
  const { random, heldout } = look;
  const w = random.range(0.85, 1.2);
  const strokedBolt = !heldout && random.chance(0.45);
  const tipX = strokedBolt ? random.range(40, 56) : 0;
  const zigzag = strokedBolt
    ? random.chance(0.5)
      ? `M${tipX + 14} 4L${tipX - 14} ${random.range(42, 56)}L${tipX + 14} ${random.range(36, 48)}L${tipX - 4} 84`
      : `M${tipX + 4} 4L${tipX - 10} 32L${tipX + 14} ${random.range(30, 40)}L${tipX - 10} 60L${tipX + 10} ${random.range(56, 64)}L${tipX - 4} 84`
    : '';
  const path = heldout
    ? // One zigzag stroke that ends in an arrow head.
      'M60 2L32 46L52 50L40 78'
    : random.pick([
        'M58 0L24 54L48 54L36 100L78 38L52 38L70 0Z',
        'M64 2L30 48L46 52L34 80L28 78L36 100L54 84L46 82L70 40L52 36L76 4Z',
        'M52 0L28 52L50 48L34 100L74 36L52 40L66 0Z',
      ]);
  const shape = heldout
    ? line(path, ink, 13, 'butt') + solid('M30 68L36 98L60 78Z', ink)
    : strokedBolt
      ? line(zigzag, ink, random.range(7, 15), random.chance(0.5) ? 'round' : 'butt') +
        (random.chance(0.6) ? solid(`M${tipX - 18} 72L${tipX + 15} 78L${tipX - 8} 99Z`, ink) : '')
      : solid(path, ink);
  return `<g transform="translate(50 0) scale(${w.toFixed(2)} 1) translate(-50 0)">${shape}</g>`;
};

const exclamation: Pictogram = (look, ink) => {
  const { random, heldout } = look;
  const top = random.range(8, 13);
  const bottom = heldout ? top : random.range(4, 7);
  const dot = random.range(8, 11);
  if (!heldout && random.chance(0.35)) {
    // An even stem: cut, rounded, slanted or drawn as an outline.
    const lean = random.chance(0.3) ? random.range(-6, 6) : 0;
    return (
      line(
        `M${50 + lean} ${random.range(6, 14)}L${50} ${random.range(56, 66)}`,
        ink,
        random.range(10, 17),
        random.chance(0.5) ? 'round' : 'butt',
      ) + disc(50 - lean * 0.4, 86, random.range(6, 9), ink)
    );
  }
  const stem = `M${50 - top} 4L${50 + top} 4L${50 + bottom} 66L${50 - bottom} 66Z`;
  return heldout
    ? line('M50 10L50 60', ink, top * 1.6, 'round') + box(50 - dot, 80, dot * 2, dot * 2, ink, 3)
    : solid(stem, ink) +
        (random.chance(0.7) ? disc(50, 86, dot, ink) : box(50 - dot, 78, dot * 2, dot * 2, ink));
};

/** Three horns around a ring: the biohazard mark built of circles. */
const biohazard: Pictogram = (look, ink, paper) => {
  const { random, heldout } = look;
  const outer = random.range(24, 27);
  const bite = heldout ? outer * 0.86 : outer * random.range(0.68, 0.83);
  let drawn = '';
  let bites = '';
  for (const degrees of [-90, 30, 150]) {
    const a = (degrees * Math.PI) / 180;
    const out = heldout ? 23 : random.range(20, 24.5);
    drawn += disc(50 + out * Math.cos(a), 52 + out * Math.sin(a), outer, ink);
    bites += disc(50 + (out + 6.5) * Math.cos(a), 52 + (out + 6.5) * Math.sin(a), bite, paper);
    bites += line(
      `M${50 + 4 * Math.cos(a)} ${52 + 4 * Math.sin(a)}L${50 + 16 * Math.cos(a)} ${52 + 16 * Math.sin(a)}`,
      paper,
      heldout ? 3 : random.pick([random.range(1, 2.5), random.range(3.5, 6)]),
      'butt',
    );
  }
  return (
    drawn +
    bites +
    disc(50, 52, 5, paper) +
    ring(
      50,
      52,
      heldout ? 19 : random.range(15, 23),
      ink,
      heldout ? 6 : random.pick([random.range(3, 5.5), random.range(6.5, 9)]),
    )
  );
};

const slip: Pictogram = (look, ink) => {
  const { random, heldout } = look;
  const water = heldout
    ? line('M10 96Q20 88 30 96T50 96T70 96T90 96', ink, 5)
    : random.chance(0.5)
      ? random.chance(0.5)
        ? line('M6 90Q17 98 28 90T50 90T72 90T94 90', ink, random.range(3, 6))
        : line('M8 94L92 94', ink, random.range(3, 6))
      : line('M12 92L40 92M50 97L88 97M26 99L44 99', ink, 4);
  return inset(person(look, 'slip', ink, random.range(8, 12), random.chance(0.5)), 50, 44, 86) + water;
};

/** The folding board that stands on the floor. */
const floorStand: Draw = (look) => {
  const { random, heldout } = look;
  const yellow = paint(look, 'yellow');
  const black = paint(look, 'black');
  const topHalf = heldout ? 14 : random.range(16, 24);
  const footHalf = heldout ? 38 : random.range(26, 34);
  const style = lettering(look);
  const text = heldout
    ? strokeText('SLIPPERY', [28, 82, 44, 8], black, style)
    : random.chance(0.5)
      ? strokeText('CAUTION', [50 - topHalf * 0.8, 12, topHalf * 1.6, 8], black, style) +
        strokeText('WET FLOOR', [50 - footHalf * 0.75, 78, footHalf * 1.5, 9], black, style)
      : strokeText(random.pick(['WET', 'SLICK']), [36, 74, 28, 9], black, style) +
        strokeText('FLOOR', [32, 85, 36, 9], black, style);
  const grip = heldout ? '' : box(42, 4, 16, 4, black, 2);
  const mid = heldout
    ? inset(slip(look, black, yellow), 50, 48, 46)
    : solid('M50 24L74 68L26 68Z', random.chance(0.5) ? black : yellow) +
      solid('M50 30L69 65L31 65Z', yellow) +
      inset(slip(look, black, yellow), 50, 54, random.range(22, 26));
  const big = !heldout && random.chance(0.5);
  return (
    solid(`M${50 - topHalf} 1L${50 + topHalf} 1L${50 + footHalf} 99L${50 - footHalf} 99Z`, yellow) +
    grip +
    (big ? inset(slip(look, black, yellow), 50, 46, random.range(40, 50)) : mid) +
    text
  );
};

const cigarette: Pictogram = (look, ink, paper) => {
  const { random, heldout } = look;
  const y = random.range(50, 60);
  const h = random.range(10, 15);
  const smoke = heldout
    ? line(`M90 ${y - 6}Q96 34 80 32Q66 30 70 14`, ink, 5)
    : line(
        `M${random.range(80, 86)} ${y - 6}Q92 38 84 30T86 10M94 ${y - 6}Q100 36 92 28`,
        ink,
        random.range(3, 6),
      );
  return (
    box(2, y, 70, h, ink, heldout ? 3 : 0) +
    box(75, y, 7, h, ink) +
    box(86, y, 7, h, ink) +
    (heldout ? box(20, y + 3, 4, h - 6, paper) : '') +
    smoke
  );
};

/** A truck with a mast and a fork, seen from the side. */
const truck: Pictogram = (look, ink, paper) => {
  const { random, heldout } = look;
  const rear = random.range(14, 18);
  const wheel = random.range(8, 11);
  const mast = random.range(66, 71);
  const load = random.range(8, 30);
  if (heldout) {
    return (
      line(`M24 62L30 22L54 22L60 62`, ink, 6, 'butt') +
      box(8, 54, 56, 28, ink, 8) +
      box(68, 8, 6, 82, ink) +
      line('M74 84L98 84', ink, 6, 'butt') +
      box(78, 58, 18, 20, ink) +
      disc(22, 84, 12, ink) +
      disc(22, 84, 5, paper) +
      disc(54, 86, 10, ink) +
      disc(54, 86, 4, paper)
    );
  }
  const driver = random.chance(0.7) ? disc(38, 34, 7, ink) + line('M36 44L38 60M38 48L52 54', ink, 6) : '';
  return (
    line(`M${rear} 60L${rear + 8} 16L${mast - 8} 16L${mast - 6} 58`, ink, random.range(3, 6), 'butt') +
    solid(`M6 58L${rear + 14} 58L40 66L${mast - 2} 64L${mast - 2} 84L6 84Z`, ink) +
    driver +
    box(mast, random.range(4, 16), random.range(4, 7), 82, ink) +
    line(`M${mast + 4} ${88 - load}L98 ${88 - load}`, ink, random.range(4, 6), 'butt') +
    (random.chance(0.5) ? box(mast + 9, 64 - load, 20, 21, ink) : '') +
    disc(22, 86, wheel, ink) +
    disc(22, 86, wheel * 0.4, paper) +
    disc(54, 86, wheel, ink) +
    disc(54, 86, wheel * 0.4, paper)
  );
};

/** Three blades around a disc. */
const trefoil: Pictogram = (look, ink) => {
  const { random, heldout } = look;
  const hub = heldout ? 8 : random.range(8, 11);
  const inner = hub * (heldout ? 1.9 : random.range(1.35, 1.7));
  const outer = random.range(42, 48);
  const half = heldout ? 26 : random.range(28, 31);
  let blades = '';
  for (const degrees of [-150, -30, 90]) {
    const at = (r: number, d: number): string =>
      `${(50 + r * Math.cos(((degrees + d) * Math.PI) / 180)).toFixed(1)},${(50 + r * Math.sin(((degrees + d) * Math.PI) / 180)).toFixed(1)}`;
    blades += `M${at(inner, -half)}L${at(outer, -half)}A${outer} ${outer} 0 0 1 ${at(outer, half)}L${at(inner, half)}A${inner} ${inner} 0 0 0 ${at(inner, -half)}Z`;
  }
  return solid(blades, ink) + disc(50, 50, hub, ink);
};

const dangerText: Draw = (look) => {
  const { random, heldout } = look;
  const black = paint(look, 'black');
  const yellow = paint(look, random.chance(0.7) ? 'yellow' : 'orange');
  const style = lettering(look);
  return heldout
    ? box(4, 8, 92, 84, black, 6) +
        box(7, 36, 86, 53, yellow, 3) +
        strokeText('DANGER', [16, 15, 68, 14], yellow, style) +
        inset(exclamation(look, black, yellow), 50, 63, 44)
    : box(2, 14, 96, 72, yellow, random.range(0, 5)) +
        frame(5, 17, 90, 66, black, random.range(2, 4)) +
        inset(exclamation(look, black, yellow), 50, 42, random.range(36, 42)) +
        strokeText(random.chance(0.6) ? 'DANGER' : 'CAUTION', [14, 66, 72, 12], black, style);
};

const warningOf =
  (pictogram: Pictogram): Draw =>
  (look) =>
    warning(look, pictogram);

export const hazardSigns = {
  high_voltage: { train: [warningOf(bolt)], heldout: [warningOf(bolt)] },
  general_danger: {
    train: [warningOf(exclamation), warningOf(exclamation), dangerText],
    heldout: [warningOf(exclamation), warningOf(exclamation), dangerText],
  },
  biohazard: { train: [warningOf(biohazard)], heldout: [warningOf(biohazard)] },
  radiation: { train: [warningOf(trefoil)], heldout: [warningOf(trefoil)] },
  wet_floor: {
    train: [floorStand, floorStand, warningOf(slip)],
    heldout: [floorStand, warningOf(slip)],
  },
  forklift: {
    train: [warningOf(truck), warningOf(truck), (look: Parameters<Draw>[0]) => board(look, truck, ['blue'])],
    heldout: [warningOf(truck), (look: Parameters<Draw>[0]) => board(look, truck, ['blue'])],
  },
  no_smoking: {
    train: [(look: Parameters<Draw>[0]) => prohibition(look, cigarette)],
    heldout: [(look: Parameters<Draw>[0]) => prohibition(look, cigarette)],
  },
} as const satisfies Readonly<Record<string, { train: readonly Draw[]; heldout: readonly Draw[] }>>;
