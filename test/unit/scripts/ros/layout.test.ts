import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { makeOfficialRos, makeRosPackage } from '../../../helpers/madeRosPackage.js';
import { rosScript } from '../../../helpers/rosScript.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

interface Layout {
  readonly kind: 'private' | 'sourced';
  readonly distro: string;
  readonly cache: string;
  readonly base: string | undefined;
  readonly interfaces: readonly { readonly name: string; readonly source: string }[];
  readonly messages: string | undefined;
  readonly native: string;
  readonly javascript: string;
  readonly rclnodejs: string | undefined;
  readonly linkKey: string;
}

describe('scripts/ros/layout', () => {
  const scratch = scratchFolder();
  let rosLayout: (options: { env: NodeJS.ProcessEnv; root: string }) => Layout;

  beforeEach(async () => {
    ({ rosLayout } = await rosScript<{ rosLayout: typeof rosLayout }>('layout'));
    makeRosPackage(scratch.path('clone'));
  });

  const layout = (env: NodeJS.ProcessEnv = {}, clone = 'clone'): Layout =>
    rosLayout({ env: { PATH: '/usr/bin', EFFVIT_CACHE: '/cache', ...env }, root: scratch.path(clone) });

  /** The parts of a layout that name what is built. */
  const keys = ({ base, messages, native, javascript }: Layout): readonly (string | undefined)[] => [
    base,
    messages,
    native,
    javascript,
  ];

  it('puts a private Jazzy into the cache folder, each part under a key of its own', () => {
    const made = layout();
    assert.equal(made.kind, 'private');
    assert.equal(made.distro, 'jazzy');
    for (const folder of keys(made)) assert.match(folder ?? '', /^\/cache\/ros\/\w+-[0-9a-f]{12}$/);
    assert.deepEqual(
      made.interfaces.map(({ name }) => name),
      ['vision_msgs', 'hbm_img_msgs', 'ai_msgs', 'effvit'],
    );
  });

  it('makes the distribution that EFFVIT_ROS_DISTRO names, under keys of its own', () => {
    const kilted = layout({ EFFVIT_ROS_DISTRO: 'kilted' });
    assert.deepEqual([kilted.kind, kilted.distro], ['private', 'kilted']);
    for (const [index, key] of keys(layout()).entries()) assert.notEqual(keys(kilted)[index], key);
    assert.deepEqual(keys(layout({ EFFVIT_ROS_DISTRO: '' })), keys(layout()));
    assert.throws(() => layout({ EFFVIT_ROS_DISTRO: 'humble' }), {
      name: 'SetupError',
      message:
        'EFFVIT_ROS_DISTRO is humble, but PyPI has ROS 2 jazzy and kilted only: choose one of those, or source an installed ROS 2.',
    });
  });

  it('gives a second clone the same keys, so that it finds everything made', () => {
    cpSync(scratch.path('clone'), scratch.path('second'), { recursive: true });
    assert.deepEqual(keys(layout({}, 'second')), keys(layout()));
    assert.notEqual(layout({}, 'second').rclnodejs, layout().rclnodejs);
  });

  it('builds again only what a change touches', () => {
    const before = layout();
    appendFileSync(scratch.path('clone', 'CMakeLists.txt'), '# more\n');
    const build = layout();
    assert.notEqual(build.messages, before.messages);
    assert.deepEqual(
      [build.base, build.native, build.javascript],
      [before.base, before.native, before.javascript],
    );

    appendFileSync(scratch.path('clone', 'msg', 'Report.msg'), 'int32 c\n');
    const message = layout();
    assert.notEqual(message.messages, build.messages);
    assert.notEqual(message.javascript, build.javascript);
    assert.notEqual(message.linkKey, build.linkKey);
    assert.deepEqual([message.base, message.native], [before.base, before.native]);
  });

  it('builds again where a service came or changed', () => {
    const before = layout();
    mkdirSync(scratch.path('clone', 'srv'));
    writeFileSync(scratch.path('clone', 'srv', 'Ask.srv'), 'int32 a\n---\n');
    const added = layout();
    appendFileSync(scratch.path('clone', 'srv', 'Ask.srv'), 'int32 b\n');
    const changed = layout();
    for (const part of ['messages', 'javascript'] as const) {
      assert.equal(new Set([before, added, changed].map((one) => one[part])).size, 3, part);
    }
  });

  it('says that rclnodejs is not installed', () => {
    cpSync(scratch.path('clone'), scratch.path('bare'), {
      recursive: true,
      filter: (path) => !path.includes('node_modules'),
    });
    assert.equal(layout({}, 'bare').rclnodejs, undefined);
  });

  describe('with a ROS sourced', () => {
    it('downloads no ROS, and builds what the node needs where the distribution has none of it', () => {
      const made = layout(makeOfficialRos(scratch.path('humble'), 'humble'));
      assert.equal(made.kind, 'sourced');
      assert.equal(made.distro, 'humble');
      assert.equal(made.base, undefined);
      // Those of TROS come with TROS, or are not there.
      assert.deepEqual(
        made.interfaces.map(({ name }) => name),
        ['vision_msgs', 'effvit'],
      );
    });

    it("takes the distribution's vision_msgs", () => {
      const env = makeOfficialRos(scratch.path('jazzy'), 'jazzy', { vision_msgs: { 'Other.msg': '' } });
      assert.deepEqual(
        layout(env).interfaces.map(({ name }) => name),
        ['effvit'],
      );
    });

    it('takes the messages of a built workspace only while they are those of this clone', () => {
      const env = makeOfficialRos(scratch.path('jazzy'), 'jazzy', {
        vision_msgs: {},
        effvit: { 'Report.msg': 'int32 a\n' },
      });
      assert.equal(layout(env).messages, undefined);
      appendFileSync(scratch.path('clone', 'msg', 'Report.msg'), 'int32 c\n');
      assert.deepEqual(
        layout(env).interfaces.map(({ name }) => name),
        ['effvit'],
      );
    });

    it('keeps what is made for one ROS apart from the others', () => {
      const layouts = [
        layout(),
        layout(makeOfficialRos(scratch.path('humble'), 'humble')),
        layout(makeOfficialRos(scratch.path('jazzy'), 'jazzy')),
      ];
      for (const part of ['messages', 'native', 'javascript', 'linkKey'] as const) {
        assert.equal(new Set(layouts.map((one) => one[part])).size, 3, part);
      }
    });
  });
});
