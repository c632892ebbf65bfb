import { EnvHttpProxyAgent } from 'undici';
import { EffvitError } from '../core/EffvitError.js';
import type { FetchLimits } from './FetchLimits.js';

/** Refuses a proxy of {@link proxyAgentFromEnv} that is no http(s) address. @throws EffvitError BAD_CONFIG */
export function checkProxies(env: NodeJS.ProcessEnv): void {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY']) {
    const value = setting(env, name);
    if (value === '' || (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol))) continue;
    throw new EffvitError(
      'BAD_CONFIG',
      `Expected an address such as http://proxy.example:3128 for ${name} but received ${JSON.stringify(value)}: correct or unset it.`,
    );
  }
}

/** A dispatcher that uses HTTP_PROXY, HTTPS_PROXY and NO_PROXY (or their lower-case forms) from `env`. */
export function proxyAgentFromEnv(env: NodeJS.ProcessEnv, limits: FetchLimits): EnvHttpProxyAgent {
  checkProxies(env);
  return new EnvHttpProxyAgent({
    // Empty instead of absent, which would use the process's own environment.
    httpProxy: setting(env, 'HTTP_PROXY'),
    httpsProxy: setting(env, 'HTTPS_PROXY'),
    noProxy: setting(env, 'NO_PROXY'),
    connect: { timeout: limits.connectTimeoutMs },
    headersTimeout: limits.headersTimeoutMs,
    bodyTimeout: limits.stallTimeoutMs,
  });
}

/** The proxy for an address, without its password, for messages; NO_PROXY is ignored. */
export function proxyName(url: string, env: NodeJS.ProcessEnv): string | undefined {
  const http = setting(env, 'HTTP_PROXY');
  const value = new URL(url).protocol === 'https:' ? setting(env, 'HTTPS_PROXY') || http : http;
  if (value === '' || setting(env, 'NO_PROXY') !== '') return undefined;
  return new URL(value).host;
}

function setting(env: NodeJS.ProcessEnv, name: string): string {
  return env[name.toLowerCase()] ?? env[name] ?? '';
}
