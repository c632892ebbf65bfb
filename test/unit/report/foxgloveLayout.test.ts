import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { messageDefinition } from '../../../src/classify/messages/definitions/messageDefinition.js';
import { packagePath } from '../../../src/core/packageRoot.js';
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

  it('names only fields, stages and drop causes that the messages have', () => {
    const paths = [...text.matchAll(/"(\/(?:classif)[^"\\]*(?:\\.[^"\\]*)*)"/g)].map(
      ([, path = '']) => JSON.parse(`"${path}"`) as string,
    );
    assert.ok(paths.length > 20);
    for (const path of paths) {
      const [, topic = '', field] = /^(\/[\w/]+)(?:\.(\w+))?/.exec(path) ?? [];
      if (topic === '/classifier/debug_image') continue;
      const type = TYPES[topic];
      assert.ok(type !== undefined, path);
      if (field !== undefined) assert.match(messageDefinition(type), new RegExp(`\\s${field}$`, 'm'), path);
      const stage = /stages\[:\]\{name=="(\w+)"\}/.exec(path)?.[1];
      if (stage !== undefined)
        assert.ok(
          STAGES.some((name) => snake(name) === stage),
          path,
        );
      const cause = /dropped\[:\]\{cause=="(\w+)"\}/.exec(path)?.[1];
      if (cause !== undefined)
        assert.ok(
          DROP_CAUSES.some((name) => name === cause),
          path,
        );
    }
  });
});

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
