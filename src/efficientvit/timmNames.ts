/** Names of the head's matrix in timm and in MSRA's own code. */
const HEAD_MATRICES = ['head.linear.weight', 'head.l.weight'] as const;

/** MSRA's blocks2 and blocks3 begin with the downsampling: two residuals, patch merging, two residuals. */
const DOWNSAMPLE_PARTS = ['res1', 'patchmerge', 'res2'] as const;

/**
 * A checkpoint's tensors under timm's names: prefixes of wrappers (`module.`, `_orig_mod.`, `model.` and any other
 * prefix of the whole network) are removed, and names of MSRA's own code are translated. If a checkpoint has a network
 * and its moving average, the average is used, as in timm. Other tensors keep their names.
 */
export function toTimmNames<T>(tensors: ReadonlyMap<string, T>): Map<string, T> {
  const prefixes = [...tensors.keys()].flatMap((name) => {
    const head = HEAD_MATRICES.find((matrix) => name === matrix || name.endsWith(`.${matrix}`));
    return head === undefined ? [] : [name.slice(0, name.length - head.length)];
  });
  const chosen = prefixes.find((prefix) => /(?:^|[._])ema/i.test(prefix)) ?? prefixes[0] ?? '';
  const isMsra = tensors.has(`${chosen}head.l.weight`);
  const renamed = new Map<string, T>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith(chosen)) {
      const own = name.slice(chosen.length);
      renamed.set(isMsra ? fromMsra(own) : own, tensor);
    } else if (!prefixes.some((prefix) => prefix !== '' && name.startsWith(prefix))) {
      renamed.set(name, tensor);
    }
  }
  return renamed;
}

function fromMsra(name: string): string {
  const parts = name.split('.');
  // The module of a parameter: a convolution or a linear layer.
  const layer = parts.length - 2;
  if (parts[layer] === 'c') parts[layer] = 'conv';
  if (parts[layer] === 'l') parts[layer] = 'linear';
  const [module = '', index = '', ...rest] = parts;
  // A ReLU stands between the convolutions.
  if (module === 'patch_embed') return ['patch_embed', `conv${Number(index) / 2 + 1}`, ...rest].join('.');
  const stage = Number(/^blocks([123])$/.exec(module)?.[1] ?? 0) - 1;
  if (stage < 0) return parts.join('.');
  const downsample = stage === 0 ? undefined : DOWNSAMPLE_PARTS[Number(index)];
  if (downsample !== undefined) return ['stages', stage, 'downsample', downsample, ...rest].join('.');
  const block = Number(index) - (stage === 0 ? 0 : DOWNSAMPLE_PARTS.length);
  return ['stages', stage, 'blocks', block, ...rest].join('.');
}
