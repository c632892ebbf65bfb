import assert from 'node:assert/strict';
import type { ModelManifest } from '../../../src/model/ModelManifest.js';
import { normalizationWarnings } from '../../../src/quantize/InputNormalization.js';
import { parseMakertbinConfig } from '../../../src/quantize/readMakertbinConfig.js';
import { attentionConfig } from '../../helpers/attentionModel.js';

describe('normalizationWarnings', () => {
  const { config } = parseMakertbinConfig(attentionConfig(), 'a.yaml');

  function warnings(input: Partial<ModelManifest['input']>): string[] {
    const base = { widthPx: 16, heightPx: 16, layout: 'nchw', color: 'rgb' } as const;
    const mean = [127.5, 127.5, 127.5] as const;
    const scale = [0.0157, 0.0157, 0.0157] as const;
    return normalizationWarnings(config, { name: 'm', input: { ...base, mean, scale, ...input } });
  }

  it('is silent where both say the same, with more digits or fewer', () => {
    assert.deepEqual(warnings({}), []);
    assert.deepEqual(warnings({ scale: [0.015_699_9, 0.0157, 0.0157] }), []);
  });

  it('names each difference', () => {
    assert.match(warnings({ color: 'bgr' }).join(), /input_type_train is rgb, but m is run with bgr/);
    const both = warnings({ mean: [127.5, 127.5, 120], scale: [0.0175, 0.0157, 0.0157] });
    assert.equal(both.length, 2);
    assert.match(both.join(), /mean_value .*scale_value/);
  });
});
