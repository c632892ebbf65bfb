import { strokeText } from '../../src/annotate/strokeFont.js';
import {
  boldLettering,
  box,
  type Draw,
  disc,
  frame,
  inset,
  line,
  type Pictogram,
  paint,
  ring,
  solid,
} from './Look.js';
import { person } from './people.js';
import { board, boardOf } from './plates.js';

/** A runner and a doorway. */
const runner: Pictogram = (look, ink, paper) => {
  const { random, heldout } = look;
  const flip = !heldout && random.chance(0.4);
  const man = (size: number, x: number, colour = ink): string =>
    inset(person(look, 'run', colour, random.range(9, 13), flip), flip ? 100 - x : x, 52, size);
  if (heldout) {
    // The runner inside the open door.
    return (
      box(26, 2, 68, 96, ink) + man(70, 54, paper) + line('M2 50L20 50M12 40L22 50L12 60', ink, 6, 'butt')
    );
  }
  if (random.chance(0.3)) {
    // The runner cut out of a door, or of the whole panel, with or without a frame around.
    const x = random.range(2, 26);
    const width = random.range(58, 74);
    const filled = random.chance(0.6);
    const edge = filled ? box(x, 3, width, 94, ink, random.range(0, 6)) : frame(x, 3, width, 94, ink, 4);
    const man = person(look, 'run', filled ? paper : ink, random.range(9, 13), flip);
    return edge + inset(man, x + width / 2, 52, random.range(58, 70));
  }
  const doorX = flip ? 2 : 66;
  const door = random.chance(0.5)
    ? box(doorX, 4, 32, 92, ink)
    : frame(doorX + 3, 4, 26, 92, ink, random.range(4, 7));
  const arrow = random.chance(0.4) ? line(flip ? 'M96 92L74 92' : 'M4 92L26 92', ink, 6) : '';
  return door + man(random.range(70, 84), 34) + arrow;
};

const exitPictogram: Draw = (look) => board(look, runner, ['green']);

const exitWord: Draw = (look) => {
  const { random, heldout } = look;
  const hue = random.chance(0.55) ? 'green' : 'red';
  const ground = paint(look, hue);
  const white = paint(look, 'white');
  const high = heldout ? 52 : random.range(34, 60);
  const y = 50 - high / 2;
  const inverse = heldout ? random.chance(0.5) : random.chance(0.35);
  const ink = inverse ? ground : white;
  const paper = inverse ? white : ground;
  const word = strokeText(
    'EXIT',
    [heldout ? 14 : random.range(10, 20), y + high * 0.22, heldout ? 72 : 62, high * 0.56],
    ink,
    boldLettering(look, 0.14),
  );
  return (
    box(2, y, 96, high, paper, heldout ? 8 : random.range(0, 4)) +
    (heldout || random.chance(0.4) ? frame(4, y + 2, 92, high - 4, ink, 1.5, heldout ? 7 : 0) : '') +
    word +
    (!heldout && random.chance(0.3) ? solid(`M84 44L94 50L84 56Z`, ink) : '')
  );
};

const exitBoth: Draw = (look) => {
  const { random, heldout } = look;
  const ground = paint(look, 'green');
  const white = paint(look, 'white');
  return (
    box(2, 26, 96, 48, ground, random.range(0, 5)) +
    inset(runner(look, white, ground), heldout ? 76 : 25, 50, 38) +
    strokeText('EXIT', [heldout ? 7 : 48, 40, heldout ? 45 : 44, 20], white, boldLettering(look, 0.13))
  );
};

const steps: Pictogram = (look, ink) => {
  const { random, heldout } = look;
  const count = heldout ? 4 : random.pick([3, 5, 6, 7]);
  const flip = random.chance(0.5);
  const low = 92;
  const high = random.range(30, 48);
  const rise = (low - high) / count;
  const run = 88 / count;
  let path = `M6 ${low}`;
  for (let i = 0; i < count; i++)
    path += `L${6 + i * run} ${low - (i + 1) * rise}L${6 + (i + 1) * run} ${low - (i + 1) * rise}`;
  const filled = heldout ? random.chance(0.5) : random.chance(0.6);
  const stairs = filled ? solid(`${path}L94 ${low}Z`, ink) : line(path, ink, random.range(5, 8), 'butt');
  const climber =
    heldout || random.chance(0.6)
      ? inset(
          person(
            look,
            heldout ? 'stand' : random.pick(['walk', 'walk', 'stand', 'run']),
            ink,
            random.range(9, 12),
          ),
          34,
          50 - rise * 0.9 - 4,
          heldout ? 54 : random.range(46, 60),
        )
      : '';
  const arrow =
    !heldout && climber === '' && random.chance(0.6) ? line('M14 56L46 24M28 22L48 22L48 42', ink, 6) : '';
  const rail = heldout
    ? line(`M40 58L92 ${high - 22}`, ink, 4)
    : random.chance(0.35)
      ? line(
          `M${random.range(8, 30)} ${random.range(58, 70)}L${random.range(80, 94)} ${high - random.range(14, 28)}`,
          ink,
          random.range(2, 5),
        )
      : '';
  const all = stairs + climber + arrow + rail;
  return flip ? `<g transform="translate(100 0) scale(-1 1)">${all}</g>` : all;
};

const lift: Pictogram = (look, ink, paper) => {
  const { random, heldout } = look;
  const up = random.range(6, 9);
  const arrows =
    solid(`M${32 - up} 18L${32 + up} 18L32 ${18 - up * 1.6}Z`, ink) +
    solid(`M${68 - up} 5L${68 + up} 5L68 ${5 + up * 1.6}Z`, ink);
  const count = random.integer(2, 3);
  const people = (colour: string): string =>
    Array.from({ length: count }, (_, i) =>
      inset(
        person(look, 'stand', colour, random.range(11, 15)),
        50 + (i - (count - 1) / 2) * (count === 2 ? 28 : 23),
        62,
        random.range(50, 58),
      ),
    ).join('');
  if (heldout) {
    return (
      box(16, 24, 68, 74, ink, 4) +
      people(paper) +
      line('M26 16L38 4L50 16', ink, 5, 'butt') +
      line('M54 4L66 16L78 4', ink, 5, 'butt')
    );
  }
  if (random.chance(0.4)) {
    const top = random.range(16, 28);
    const chevron = (x: number, up: boolean): string => {
      const w = random.range(7, 12);
      const y = up ? 3 : top - 5;
      return random.chance(0.5)
        ? line(
            `M${x - w} ${up ? y + w * 0.8 : y - w * 0.8}L${x} ${y}L${x + w} ${up ? y + w * 0.8 : y - w * 0.8}`,
            ink,
            random.range(3, 5),
          )
        : solid(`M${x - w} ${up ? y + w : y - w}L${x} ${y}L${x + w} ${up ? y + w : y - w}Z`, ink);
    };
    return (
      box(random.range(8, 16), top, random.range(70, 82), 97 - top, ink, random.range(0, 9)) +
      people(paper) +
      chevron(34, true) +
      chevron(66, random.chance(0.3))
    );
  }
  return random.chance(0.6)
    ? arrows + frame(12, 26, 76, 70, ink, random.range(4, 7), random.range(0, 6)) + people(ink)
    : // Two doors with arrows between.
      frame(14, 4, 72, 92, ink, 5) +
        line('M50 6L50 94', ink, 4, 'butt') +
        solid(`M32 ${36 - up}L${32 + up * 1.6} 50L${32 - up * 1.6} 50Z`, ink) +
        solid(`M68 ${64 + up}L${68 + up * 1.6} 50L${68 - up * 1.6} 50Z`, ink);
};

const liftWord: Draw = (look) => {
  const { random, heldout } = look;
  const ground = paint(look, random.pick(['blue', 'black', 'grey']));
  const white = paint(look, 'white');
  return (
    box(4, 2, 92, 96, ground, random.range(0, 8)) +
    inset(lift(look, white, ground), 50, heldout ? 58 : 42, 62) +
    strokeText(
      heldout ? 'LIFTS' : random.pick(['LIFT', 'ELEVATOR']),
      [16, heldout ? 9 : 80, 68, 12],
      white,
      boldLettering(look, 0.12),
    )
  );
};

const couple: Pictogram = (look, ink) => {
  const { random, heldout } = look;
  const w = random.range(11, 15);
  const man = inset(person(look, 'stand', ink, w), 26, 50, random.range(86, 94));
  const skirt = heldout
    ? 'M74 30L88 74L60 74Z'
    : `M74 26L${random.range(88, 93)} 70L${random.range(55, 60)} 70Z`;
  const woman =
    disc(74, 13, heldout ? 9.5 : random.range(8, 11), ink) +
    solid(skirt, ink) +
    line('M69 70L69 94M79 70L79 94', ink, random.range(5, 8)) +
    line('M66 32L56 58M82 32L92 58', ink, random.range(4, 7));
  const bar =
    heldout || random.chance(0.7) ? line('M50 6L50 94', ink, heldout ? 6 : random.range(2, 4), 'butt') : '';
  return random.chance(0.5) && !heldout
    ? `<g transform="translate(100 0) scale(-1 1)">${man}${woman}${bar}</g>`
    : man + woman + bar;
};

const wc: Pictogram = (look, ink) =>
  strokeText(
    'WC',
    [6, look.heldout ? 26 : 22, 88, look.heldout ? 48 : look.random.range(44, 58)],
    ink,
    boldLettering(look, 0.14),
  );

const radio: Pictogram = (look, ink) => {
  const { random, heldout } = look;
  const width = heldout ? 7.5 : random.pick([random.range(5, 7), random.range(8.5, 11)]);
  const count = heldout ? 2 : 3;
  const spread = random.range(0.62, 0.8);
  let arcs = disc(50, 82, heldout ? 9 : random.range(6, 9), ink);
  for (let i = 1; i <= count; i++) {
    const r = (heldout ? 28 : 19) * i + 6;
    const dx = r * Math.sin(spread);
    const dy = r * Math.cos(spread);
    arcs += line(
      `M${50 - dx} ${82 - dy}A${r} ${r} 0 0 1 ${50 + dx} ${82 - dy}`,
      ink,
      width,
      heldout || random.chance(0.5) ? 'round' : 'butt',
    );
  }
  return arcs;
};

const wifiWord: Draw = (look) => {
  const { random, heldout } = look;
  const ground = paint(look, random.pick(['blue', 'black', 'teal']));
  const white = paint(look, 'white');
  return (
    box(3, 8, 94, 84, ground, heldout ? 16 : random.range(0, 10)) +
    inset(radio(look, white, ground), 50, heldout ? 62 : 40, 58) +
    strokeText(
      heldout ? 'FREE WIFI' : 'WIFI',
      [heldout ? 14 : 26, heldout ? 15 : 74, heldout ? 72 : 48, 12],
      white,
      boldLettering(look, 0.12),
    )
  );
};

const letterI: Pictogram = (look, ink) => {
  const { random, heldout } = look;
  const half = random.range(7, 10);
  const serif = heldout ? true : random.chance(0.5);
  const stem = box(50 - half, 38, half * 2, 58, ink, heldout ? 3 : 0);
  const feet = serif
    ? box(50 - half * 2.1, 88, half * 4.2, 8, ink) + box(50 - half * 2.1, 38, half * 2.4, 8, ink)
    : '';
  const dot = heldout
    ? box(50 - half, 6, half * 2, half * 2, ink, 2)
    : disc(50, 17, half * random.range(1.1, 1.4), ink);
  return stem + feet + dot;
};

const discInformation: Draw = (look) =>
  disc(50, 50, 48, paint(look, 'white')) +
  disc(50, 50, look.random.range(42, 47), paint(look, look.random.pick(['blue', 'green', 'teal']))) +
  (look.heldout ? ring(50, 50, 39, paint(look, 'white'), 2) : '') +
  inset(letterI(look, paint(look, 'white'), ''), 50, 50, look.heldout ? 60 : look.random.range(62, 76));

export const wayfindingSigns = {
  exit: {
    train: [exitPictogram, exitPictogram, exitWord, exitBoth],
    heldout: [exitPictogram, exitWord, exitBoth],
  },
  stairs: {
    train: [boardOf(steps, 'blue', 'green', 'black', 'teal')],
    heldout: [boardOf(steps, 'blue', 'green', 'black')],
  },
  elevator: {
    train: [boardOf(lift, 'blue', 'black', 'teal', 'green'), liftWord],
    heldout: [boardOf(lift, 'blue', 'black'), liftWord],
  },
  restroom: {
    train: [
      boardOf(couple, 'blue', 'black', 'teal', 'green'),
      boardOf(couple, 'blue', 'black', 'teal'),
      boardOf(wc, 'blue', 'black', 'teal'),
    ],
    heldout: [boardOf(couple, 'blue', 'black'), boardOf(wc, 'blue', 'black')],
  },
  wifi: {
    train: [boardOf(radio, 'blue', 'black', 'teal', 'green'), wifiWord],
    heldout: [boardOf(radio, 'blue', 'black'), wifiWord],
  },
  information: {
    train: [boardOf(letterI, 'blue', 'green', 'teal'), discInformation],
    heldout: [boardOf(letterI, 'blue'), discInformation],
  },
} as const satisfies Readonly<Record<string, { train: readonly Draw[]; heldout: readonly Draw[] }>>;
