import assert from 'node:assert/strict';
import { toTimmNames } from '../../../src/efficientvit/checkWeights.js';
import {
  EFFICIENTVIT_ARCHITECTURES,
  expectedTensors,
} from '../../../src/efficientvit/EfficientVitArchitecture.js';

/** Every name of a variant in MSRA's own spelling, by the structure of its modules. */
function msraName(name: string): string {
  return name
    .replace(/^patch_embed\.conv(\d)/, (_, number) => `patch_embed.${2 * (Number(number) - 1)}`)
    .replace(/^stages\.0\.blocks\.(\d+)/, 'blocks1.$1')
    .replace(
      /^stages\.(\d)\.blocks\.(\d+)/,
      (_, stage, block) => `blocks${Number(stage) + 1}.${Number(block) + 3}`,
    )
    .replace(/^stages\.(\d)\.downsample\.res1/, (_, stage) => `blocks${Number(stage) + 1}.0`)
    .replace(/^stages\.(\d)\.downsample\.patchmerge/, (_, stage) => `blocks${Number(stage) + 1}.1`)
    .replace(/^stages\.(\d)\.downsample\.res2/, (_, stage) => `blocks${Number(stage) + 1}.2`)
    .replace(/\.conv\.weight$/, '.c.weight')
    .replace(/\.linear\.(weight|bias)$/, '.l.$1');
}

describe('toTimmNames', () => {
  const NAMES = [...expectedTensors(EFFICIENTVIT_ARCHITECTURES.m5, 1000).keys()];
  const mapOf = (names: readonly string[]) => new Map(names.map((name, index) => [name, index]));

  it("leaves timm's names as they are", () => {
    assert.deepEqual(toTimmNames(mapOf(NAMES)), mapOf(NAMES));
  });

  for (const prefix of ['module.', '_orig_mod.', 'model.', 'module._orig_mod.', 'student.backbone.']) {
    it(`takes ${prefix} off`, () => {
      const wrapped = mapOf([...NAMES.map((name) => prefix + name), 'n_averaged']);
      assert.deepEqual(toTimmNames(wrapped), mapOf([...NAMES, 'n_averaged']));
    });
  }

  it("translates MSRA's own names, with a prefix too", () => {
    // As its published checkpoints spell them.
    const known = [
      ['patch_embed.0.c.weight', 'patch_embed.conv1.conv.weight'],
      ['patch_embed.6.bn.running_var', 'patch_embed.conv4.bn.running_var'],
      ['blocks1.0.dw0.m.c.weight', 'stages.0.blocks.0.dw0.m.conv.weight'],
      ['blocks1.0.mixer.m.attn.qkvs.3.c.weight', 'stages.0.blocks.0.mixer.m.attn.qkvs.3.conv.weight'],
      ['blocks2.0.0.m.c.weight', 'stages.1.downsample.res1.0.m.conv.weight'],
      ['blocks2.0.1.m.pw1.c.weight', 'stages.1.downsample.res1.1.m.pw1.conv.weight'],
      ['blocks2.1.se.fc1.bias', 'stages.1.downsample.patchmerge.se.fc1.bias'],
      ['blocks3.2.1.m.pw2.bn.weight', 'stages.2.downsample.res2.1.m.pw2.bn.weight'],
      ['blocks3.5.ffn1.m.pw1.c.weight', 'stages.2.blocks.2.ffn1.m.pw1.conv.weight'],
      ['blocks3.3.mixer.m.attn.proj.1.c.weight', 'stages.2.blocks.0.mixer.m.attn.proj.1.conv.weight'],
      ['head.l.weight', 'head.linear.weight'],
    ] as const;
    for (const [msra, timm] of known) assert.equal(msraName(timm), msra);
    for (const prefix of ['', 'module.']) {
      const msra = mapOf(NAMES.map((name) => prefix + msraName(name)));
      assert.deepEqual(toTimmNames(msra), mapOf(NAMES));
    }
  });

  it('takes the moving average of two networks', () => {
    const both = mapOf([
      ...NAMES.map((name) => `model.${name}`),
      ...NAMES.map((name) => `model_ema.${name}`),
    ]);
    const taken = toTimmNames(both);
    assert.deepEqual([...taken.keys()], NAMES);
    assert.equal(taken.get(NAMES[0] ?? ''), NAMES.length);
  });

  it('keeps the names of other networks', () => {
    const other = mapOf(['conv1.weight', 'fc.bias']);
    assert.deepEqual(toTimmNames(other), other);
  });
});
