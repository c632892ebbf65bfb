import assert from 'node:assert/strict';
import { checkWeights } from '../../../src/efficientvit/checkWeights.js';
import { EFFICIENTVIT_ARCHITECTURES } from '../../../src/efficientvit/EfficientVitArchitecture.js';
import type { WeightTensor } from '../../../src/weights/WeightTensor.js';
import { formulaWeights } from '../../helpers/formulaWeights.js';

const M0 = EFFICIENTVIT_ARCHITECTURES.m0;

function changed(change: (weights: Map<string, WeightTensor>) => void): Map<string, WeightTensor> {
  const weights = new Map(formulaWeights('m0', 10));
  change(weights);
  return weights;
}

function tensor(dims: number[], value = 0): WeightTensor {
  const data = new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value);
  return { dims, data, storedAs: 'F32' };
}

describe('checkWeights', () => {
  it('gives the class count, and passes over counters and index tables', () => {
    const weights = changed((map) => {
      map.set('patch_embed.conv1.bn.num_batches_tracked', tensor([]));
      map.set('stages.0.blocks.0.mixer.m.attn.attention_bias_idxs', tensor([49, 49]));
    });
    assert.deepEqual(checkWeights(weights, M0, null, 'x'), { classCount: 10 });
    assert.deepEqual(checkWeights(weights, M0, 10, 'x'), { classCount: 10 });
    assert.throws(() => checkWeights(weights, M0, 11, 'x'), {
      code: 'BAD_WEIGHTS',
      message: 'x has a head of 10 classes, not of 11: give the labels of these weights.',
    });
  });

  it('lists every tensor at fault in one sentence', () => {
    const weights = changed((map) => {
      map.delete('head.bn.bias');
      map.delete('patch_embed.conv1.conv.weight');
      map.set('extra.weight', tensor([1]));
      map.set('other', tensor([]));
      map.set('patch_embed.conv2.bn.bias', tensor([3]));
      map.set('stages.0.blocks.0.dw0.m.bn.running_mean', tensor([64], Number.NaN));
      map.set('stages.0.blocks.0.dw0.m.bn.running_var', tensor([64], -1));
      map.set('stages.0.blocks.0.dw0.m.bn.weight', tensor([64], Number.POSITIVE_INFINITY));
    });
    assert.throws(() => checkWeights(weights, M0, null, 'x.safetensors'), {
      code: 'BAD_WEIGHTS',
      message:
        'x.safetensors does not fit efficientvit_m0: missing patch_embed.conv1.conv.weight, head.bn.bias; ' +
        'not of this model extra.weight, other; patch_embed.conv2.bn.bias is [3] instead of [16]; ' +
        'stages.0.blocks.0.dw0.m.bn.weight holds infinity; stages.0.blocks.0.dw0.m.bn.running_mean holds NaN; ' +
        'stages.0.blocks.0.dw0.m.bn.running_var holds the negative variance -1.',
    });
  });

  it('names the variant that the weights are of', () => {
    assert.throws(() => checkWeights(formulaWeights('m3'), M0, null, 'x'), {
      code: 'BAD_WEIGHTS',
      message: 'x holds the weights of efficientvit_m3, not of efficientvit_m0: build that variant.',
    });
  });

  it('refuses a head that is missing, odd or empty', () => {
    const refuse = (change: (weights: Map<string, WeightTensor>) => void, message: RegExp): void => {
      assert.throws(() => checkWeights(changed(change), M0, null, 'x'), { code: 'BAD_WEIGHTS', message });
    };
    refuse((map) => map.delete('head.linear.weight'), /missing head\.linear\.weight\.$/);
    refuse((map) => map.set('head.linear.weight', tensor([192])), /\[192\] instead of \[10, 192\]\.$/);
    refuse((map) => {
      map.set('head.linear.weight', tensor([0, 192]));
      map.set('head.linear.bias', tensor([0]));
    }, /without classes/);
    refuse((map) => map.clear(), /of another network than efficientvit_m0: it has no tensor at all/);
  });

  it('lists ten names of a kind at most', () => {
    const weights = changed((map) => {
      for (const name of [...map.keys()].slice(0, 30)) {
        const moved = map.get(name);
        map.delete(name);
        if (moved !== undefined) map.set(`old.${name}`, moved);
      }
    });
    assert.throws(
      () => checkWeights(weights, M0, null, 'x'),
      ({ message }: Error) => {
        assert.match(
          message,
          /missing (?:[\w.]+, ){9}[\w.]+ and 20 more; not of this model (?:[\w.]+, ){9}[\w.]+ and 20 more\.$/,
        );
        return true;
      },
    );
    const foreign = new Map([...Array(50)].map((_, index) => [`conv${index}.weight`, tensor([1])]));
    assert.throws(() => checkWeights(foreign, M0, null, 'x'), {
      message:
        /it has tensors such as conv0\.weight, conv1\.weight, conv2\.weight and 47 more, and none of the/,
    });
  });
});
