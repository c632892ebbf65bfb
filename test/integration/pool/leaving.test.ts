import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildEfficientVit } from '../../../src/efficientvit/buildEfficientVit.js';
import { writeOnnx } from '../../../src/onnx/serializeOnnx.js';
import { formulaWeights } from '../../helpers/formulaWeights.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const CHILD = fileURLToPath(new URL('../../helpers/poolChild.js', import.meta.url));
/** How many processes are told to leave in each way, at moments spread over their first second. */
const TRIALS = Number(process.env['EFFVIT_LEAVING_TRIALS'] ?? 4);
const SPREAD_MS = 1200;
/** The longest that leaving may take on a loaded machine. */
const LIMIT_MS = 60_000;

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
}

/** Starts the child, interrupts it some time after it is up, and waits for its end. */
function interrupt(args: readonly string[], cacheFolder: string, delayMs: number): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, ...args], {
      env: { ...process.env, EFFVIT_CACHE: cacheFolder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`It had not left ${LIMIT_MS} ms after it was told to: ${output}`));
    }, LIMIT_MS);
    let output = '';
    child.stdout.setEncoding('utf8').once('data', () => setTimeout(() => child.kill('SIGINT'), delayMs));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, output });
    });
  });
}

describe('A process with a pool', function () {
  this.timeout(TRIALS * LIMIT_MS);
  const scratch = scratchFolder();
  let modelPath: string;

  beforeEach(async () => {
    modelPath = scratch.path('m0.onnx');
    await writeOnnx(modelPath, buildEfficientVit({ variant: 'm0', weights: formulaWeights('m0') }));
  });

  const endings = {
    graceful: { code: 130, signal: null },
    drain: { code: 130, signal: null },
    abrupt: { code: 130, signal: null },
    uncaught: { code: 1, signal: null },
    default: { code: null, signal: 'SIGINT' },
  } as const;

  for (const [ending, expected] of Object.entries(endings)) {
    it(`leaves at any moment without an abort (${ending})`, async () => {
      for (let trial = 0; trial < TRIALS; trial += 1) {
        const delayMs = (trial * SPREAD_MS) / TRIALS;
        const { code, signal, output } = await interrupt([modelPath, ending], scratch.path('cache'), delayMs);
        assert.deepEqual({ code, signal }, expected, `after ${delayMs} ms: ${output}`);
      }
    });
  }
});
