import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from '@foxglove/rosmsg';
import { packagePath } from '../../../src/core/packageRoot.js';
import { messageDefinition } from '../../../src/messages/definitions/messageDefinition.js';
import { DROP_CAUSES } from '../../../src/stats/FrameAccounting.js';
import { STAGES } from '../../../src/stats/StageStatistics.js';

interface Layout {
  readonly configById: Readonly<Record<string, { readonly tabs?: readonly { readonly layout: Tree }[] }>>;
  readonly layout: string;
}

type Tree = string | { readonly first: Tree; readonly second: Tree };

const TYPES: Readonly<Record<string, string>> = {
  '/classifier/statistics': 'effvit/msg/PipelineStatistics',
  '/classifier/frames': 'effvit/msg/FrameReport',
  '/classification': 'vision_msgs/msg/Classification',
};

const text = readFileSync(packagePath('config', 'foxglove_layout.json'), 'utf8');
const layout = JSON.parse(text) as Layout;

const panelsOf = (tree: Tree): string[] =>
  typeof tree === 'string' ? [tree] : [...panelsOf(tree.first), ...panelsOf(tree.second)];

describe('Foxglove layout', () => {
  it('shows every panel once', () => {
    const tabs = layout.configById[layout.layout]?.tabs ?? [];
    const shown = tabs.flatMap((tab) => panelsOf(tab.layout));
    assert.deepEqual(
      shown.sort(),
      Object.keys(layout.configById)
        .filter((id) => id !== layout.layout)
        .sort(),
    );
  });

  it('names only fields that the messages have, however deep, and stages and drop causes that there are', () => {
    const paths = [...text.matchAll(/"(\/(?:classif)[^"\\]*(?:\\.[^"\\]*)*)"/g)].map(
      ([, path = '']) => JSON.parse(`"${path}"`) as string,
    );
    assert.ok(paths.length > 20);
    for (const path of paths) {
      const [, topic = '', fields = ''] = /^(\/[\w/]+)(.*)$/.exec(path) ?? [];
      if (topic === '/classifier/debug_image') continue;
      const type = TYPES[topic];
      assert.ok(type !== undefined, path);
      assert.equal(problemOf(type, fields), undefined, path);
    }
  });

  it('finds a field that is not there', () => {
    assert.match(problemOf('effvit/msg/PipelineStatistics', '.fpss') ?? '', /no fpss/);
    assert.match(problemOf('effvit/msg/PipelineStatistics', '.fps[0]') ?? '', /no array/);
    assert.match(problemOf('effvit/msg/PipelineStatistics', '.stages.p95_ms') ?? '', /is an array/);
    assert.match(problemOf('effvit/msg/PipelineStatistics', '.stages[:]{name=="totl"}.p95_ms') ?? '', /totl/);
    assert.match(problemOf('effvit/msg/PipelineStatistics', '.stages[:].p96_ms') ?? '', /no p96_ms/);
  });

  it('draws every cause of a drop', () => {
    for (const cause of DROP_CAUSES) assert.ok(text.includes(`cause==\\"${cause}\\"`), cause);
  });
});

const FILTERS: Readonly<Record<string, readonly string[]>> = {
  name: STAGES.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
  cause: DROP_CAUSES,
};

/** Why a message path of Foxglove leads nowhere in a message of this type; undefined where it leads somewhere. */
function problemOf(type: string, fields: string): string | undefined {
  const definitions = parse(messageDefinition(type), { ros2: true });
  let definition = definitions.find(({ name }) => name === undefined) ?? definitions[0];
  const steps = [...fields.matchAll(/\.(\w+)(\[[\d:]+\])?(?:\{(\w+)=="(\w+)"\})?/g)];
  if (steps.map(([whole]) => whole).join('') !== fields) return `${fields} is no path`;
  for (const [, name = '', index, filter, value = ''] of steps) {
    const field = definition?.definitions.find((one) => one.name === name && one.isConstant !== true);
    if (field === undefined) return `there is no ${name}`;
    const isArray = field.isArray === true;
    if (isArray !== (index !== undefined)) return `${name} is ${isArray ? 'an array' : 'no array'}`;
    definition = definitions.find((one) => one.name === field.type);
    if (filter === undefined) continue;
    if (definition?.definitions.every((one) => one.name !== filter) !== false) return `there is no ${filter}`;
    if (FILTERS[filter]?.includes(value) !== true) return `there is no ${value}`;
  }
  return undefined;
}
