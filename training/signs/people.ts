import { disc, type Look, line } from './Look.js';

/** Joints of a figure in the 100 square, as polylines from the neck: legs, arms, trunk. */
export type Pose = 'walk' | 'run' | 'slip' | 'stand';

const POSES: Readonly<Record<Pose, { head: readonly [number, number]; limbs: readonly string[] }>> = {
  walk: {
    head: [54, 12],
    limbs: [
      '52,28 48,58',
      '48,58 60,76 64,96',
      '48,58 42,76 30,94',
      '52,30 66,44 76,52',
      '52,30 36,42 32,58',
    ],
  },
  run: {
    head: [62, 13],
    limbs: ['56,28 44,54', '44,54 64,66 58,92', '44,54 30,72 8,74', '56,30 74,44 88,36', '56,30 36,30 26,46'],
  },
  slip: {
    head: [30, 18],
    limbs: [
      '36,32 50,60',
      '50,60 74,54 92,40',
      '50,60 70,78 90,82',
      '36,34 18,48 10,64',
      '36,34 56,34 70,22',
    ],
  },
  stand: {
    head: [50, 12],
    limbs: ['50,28 50,58', '46,56 44,96', '54,56 56,96', '44,30 34,60', '56,30 66,60'],
  },
};

/** A human figure of limbs; every joint is moved a little, `width` is the limbs' thickness. */
export function person(look: Look, pose: Pose, ink: string, width: number, mirror = false): string {
  const { random } = look;
  const shake = look.heldout ? 1.6 : 2.4;
  const { head, limbs } = POSES[pose];
  const x = (value: number): number => (mirror ? 100 - value : value);
  const moved = new Map<string, string>();
  // A joint that two limbs share must move once.
  const joint = (word: string): string => {
    const known = moved.get(word);
    if (known !== undefined) return known;
    const [px = 0, py = 0] = word.split(',').map(Number);
    const made = `${(x(px) + random.normal() * shake).toFixed(1)},${(py + random.normal() * shake).toFixed(1)}`;
    moved.set(word, made);
    return made;
  };
  const cap = look.heldout || random.chance(0.75) ? 'round' : 'butt';
  const drawn = limbs.map((limb, index) =>
    line(
      `M${limb.split(' ').map(joint).join('L')}`,
      ink,
      index === 0 ? width * random.range(1.1, 1.7) : width * random.range(0.75, 1),
      cap,
    ),
  );
  return disc(x(head[0]), head[1], width * random.range(0.8, 1) + 2.5, ink) + drawn.join('');
}
