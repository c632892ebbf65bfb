import { EffvitError } from '../core/EffvitError.js';

const HUB_HOST = 'huggingface.co';

/**
 * The address to download from instead of `url`.
 *
 * `EFFVIT_MODEL_MIRROR` replaces scheme, host and port of every address; its own path, if any, goes before
 * the address's path, and the query stays: with `https://mirror.local/hub`, `https://huggingface.co/a/b?c`
 * becomes `https://mirror.local/hub/a/b?c`. Without it, `HF_ENDPOINT` (the Hugging Face tools' own setting)
 * does the same for huggingface.co alone.
 *
 * @throws EffvitError BAD_CONFIG if the setting is no http(s) address.
 */
export function mirroredUrl(url: string, env: NodeJS.ProcessEnv): string {
  const original = new URL(url);
  const name = ['EFFVIT_MODEL_MIRROR', ...(original.host === HUB_HOST ? ['HF_ENDPOINT'] : [])].find(
    (setting) => (env[setting] ?? '') !== '',
  );
  if (name === undefined) return url;
  const value = env[name] ?? '';
  const mirror = URL.canParse(value) ? new URL(value) : undefined;
  if (
    mirror === undefined ||
    !/^https?:$/.test(mirror.protocol) ||
    mirror.search !== '' ||
    mirror.hash !== ''
  ) {
    throw new EffvitError(
      'BAD_CONFIG',
      `Expected an address such as https://mirror.example/path for ${name} but received ${JSON.stringify(value)}: correct or unset it.`,
    );
  }
  mirror.pathname = mirror.pathname.replace(/\/+$/, '') + original.pathname;
  mirror.search = original.search;
  return mirror.href;
}
