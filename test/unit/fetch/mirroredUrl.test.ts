import assert from 'node:assert/strict';
import { mirroredUrl } from '../../../src/fetch/mirroredUrl.js';

const HUB = 'https://huggingface.co/timm/m/resolve/main/model.safetensors?download=true';
const VENDOR = 'https://archive.d-robotics.cc/downloads/a.bin';

describe('mirroredUrl', () => {
  const cases: [string, NodeJS.ProcessEnv, string, string][] = [
    ['leaves an address alone', {}, HUB, HUB],
    ['takes an empty setting for none', { EFFVIT_MODEL_MIRROR: '', HF_ENDPOINT: '' }, HUB, HUB],
    [
      'replaces scheme, host and port',
      { EFFVIT_MODEL_MIRROR: 'http://mirror.local:8080' },
      HUB,
      'http://mirror.local:8080/timm/m/resolve/main/model.safetensors?download=true',
    ],
    [
      'puts its own path in front',
      { EFFVIT_MODEL_MIRROR: 'https://mirror.local/a/b//' },
      VENDOR,
      'https://mirror.local/a/b/downloads/a.bin',
    ],
    [
      'knows the setting of the Hugging Face tools',
      { HF_ENDPOINT: 'https://hub.example' },
      HUB,
      'https://hub.example/timm/m/resolve/main/model.safetensors?download=true',
    ],
    ['uses that for the hub alone', { HF_ENDPOINT: 'https://hub.example' }, VENDOR, VENDOR],
    [
      'prefers its own setting',
      { HF_ENDPOINT: 'https://hub.example', EFFVIT_MODEL_MIRROR: 'https://mirror.local' },
      HUB,
      'https://mirror.local/timm/m/resolve/main/model.safetensors?download=true',
    ],
  ];
  for (const [name, env, url, expected] of cases) {
    it(name, () => assert.equal(mirroredUrl(url, env), expected));
  }

  for (const bad of [
    'mirror.local',
    '/mnt/models',
    'file:///mnt',
    'https://a.example/?x=1',
    'https://a.example/#x',
  ]) {
    it(`refuses ${bad}`, () =>
      assert.throws(() => mirroredUrl(HUB, { EFFVIT_MODEL_MIRROR: bad }), {
        code: 'BAD_CONFIG',
        message: `Expected an address such as https://mirror.example/path for EFFVIT_MODEL_MIRROR but received ${JSON.stringify(bad)}: correct or unset it.`,
      }));
  }
});
