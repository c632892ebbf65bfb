import { deepEqual, equal, notDeepEqual, ok, rejects } from 'node:assert/strict';
import { pickFaults } from '../../../training/cameraFaults.js';
import { makeWorld, type World } from '../../../training/makeWorld.js';
import { projectQuad } from '../../../training/paintWorld.js';
import { Random } from '../../../training/Random.js';
import { renderScene, renderView } from '../../../training/renderScene.js';
import { backgroundIndex, signClasses } from '../../../training/signs/signClasses.js';
import { cameraOf, pickView, type View } from '../../../training/View.js';

const size = { width: 96, height: 64 };
const straight: View = {
  distance: 2,
  bearing: 0,
  elevation: 0,
  roll: 0,
  offsetX: 0,
  offsetY: 0,
  focal: 1,
  aspect: 1,
};

function signFaces(world: World) {
  return world.quads.flatMap((quad) => (quad.face.kind === 'sign' ? [quad.face] : []));
}

describe('makeWorld', () => {
  it('holds one sign of the class asked for, and none for background', () => {
    for (let classIndex = 0; classIndex < signClasses.length; classIndex++) {
      for (let seed = 0; seed < 20; seed++) {
        const faces = signFaces(makeWorld(seed, classIndex, 'heldout'));
        if (classIndex === backgroundIndex) {
          deepEqual(faces, []);
        } else {
          equal(faces.length, 1);
          equal(faces[0]?.classIndex, classIndex);
        }
      }
    }
  });

  it('paints nothing that hides more than an edge of the sign', () => {
    const camera = cameraOf(straight, 0, 100, 100);
    for (let seed = 0; seed < 300; seed++) {
      const world = makeWorld(seed, 3, 'train');
      const at = world.quads.findIndex((quad) => quad.face.kind === 'sign');
      for (const quad of world.quads.slice(at + 1)) {
        ok(quad.face.kind === 'colour', 'only plain things stand in front');
        ok(projectQuad(camera, quad.corners) !== undefined);
      }
      ok(world.quads.length - at - 1 <= 1);
    }
  });
});

describe('pickView', () => {
  it('keeps the sign in sight', () => {
    for (let seed = 0; seed < 400; seed++) {
      const random = new Random(seed, 99);
      const view = pickView(random);
      const camera = cameraOf(view, -0.5, 200, 160);
      const centre = projectQuad(camera, [
        [0, 0, -0.5],
        [0, 0, -0.5],
        [0, 0, -0.5],
        [0, 0, -0.5],
      ])?.[0];
      ok(centre !== undefined);
      ok(centre[0] > 20 && centre[0] < 180 && centre[1] > 10 && centre[1] < 150, `seed ${seed}: ${centre}`);
    }
  });

  it('shows a sign of one unit at distance 2 and focal length 1 as half of the picture', () => {
    const camera = cameraOf(straight, 0, 100, 100);
    const corners = projectQuad(camera, [
      [-0.5, -0.5, 0],
      [0.5, -0.5, 0],
      [0.5, 0.5, 0],
      [-0.5, 0.5, 0],
    ]);
    deepEqual(
      corners?.map(([x, y]) => [Math.round(x), Math.round(y)]),
      [
        [25, 25],
        [75, 25],
        [75, 75],
        [25, 75],
      ],
    );
  });
});

describe('renderScene', () => {
  it('gives the same bytes for the same seed, and others for another seed, class or set', async () => {
    const request = { seed: 5, classIndex: 8, variantSet: 'train', ...size } as const;
    const first = await renderScene(request);
    equal(first.length, size.width * size.height * 3);
    deepEqual(await renderScene(request), first);
    notDeepEqual(await renderScene({ ...request, seed: 6 }), first);
    notDeepEqual(await renderScene({ ...request, classIndex: 9 }), first);
    notDeepEqual(await renderScene({ ...request, variantSet: 'heldout' }), first);
  });

  it('renders every class of both sets', async () => {
    for (let classIndex = 0; classIndex < signClasses.length; classIndex++) {
      for (const variantSet of ['train', 'heldout'] as const) {
        const rgb = await renderScene({ seed: classIndex, classIndex, variantSet, ...size });
        ok(new Set(rgb).size > 8, `${signClasses[classIndex]} ${variantSet} is not one flat colour`);
      }
    }
  });

  it('does not depend on the order of the calls', async () => {
    const at = (seed: number) => renderScene({ seed, classIndex: 2, variantSet: 'heldout', ...size });
    const [a, b] = await Promise.all([at(1), at(2)]);
    deepEqual(await at(2), b);
    deepEqual(await at(1), a);
  });

  it('shows the drawn sign in the middle of a straight view: red where a no-entry sign is red', async () => {
    const world = makeWorld(4, signClasses.indexOf('no_entry'), 'train');
    const calm = {
      ...pickFaults(new Random(1), 0),
      exposure: 1,
      noise: 0,
      blur: 0,
      tint: [1, 1, 1] as const,
    };
    const rgb = await renderView(world, { ...straight, distance: 1.25 }, calm, 100, 100, 1);
    // Above the bar, inside the disc.
    const i = (30 * 100 + 50) * 3;
    ok((rgb[i] ?? 0) > 1.6 * (rgb[i + 1] ?? 0), `red ${rgb[i]} over green ${rgb[i + 1]}`);
  });

  it('refuses a class that does not exist and a picture without pixels', async () => {
    await rejects(renderScene({ seed: 1, classIndex: 32, variantSet: 'train', ...size }), {
      code: 'OUT_OF_RANGE',
    });
    await rejects(renderScene({ seed: 1, classIndex: 1, variantSet: 'train', width: 0, height: 64 }), {
      code: 'OUT_OF_RANGE',
    });
  });
});
