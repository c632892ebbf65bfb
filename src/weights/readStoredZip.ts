import { unzipSync } from 'fflate';
import { EffvitError, fileError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';

/** Smallest size of a central directory entry: a file of n bytes cannot list more than n / 46 entries. */
const SMALLEST_ENTRY_BYTES = 46;

/**
 * The entries of a zip file that stores them without compression, as torch.save does, by name.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED; BAD_WEIGHTS for a broken or compressed archive, and for one whose
 *   entries are larger than the file
 */
export async function readStoredZip(path: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const bytes = await readInput(path, { missing: `No weights file at ${path}.` });
  const fail = (reason: string, cause?: unknown): EffvitError =>
    fileError('BAD_WEIGHTS', path, `cannot be read as torch.save's zip format: ${reason}`, cause);
  let listed = 0;
  let claimedBytes = 0;
  const lengths = new Map<string, number>();
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, size, compression }) => {
        listed++;
        claimedBytes += size;
        if (listed > bytes.length / SMALLEST_ENTRY_BYTES || !(claimedBytes <= bytes.length)) {
          throw fail('it lists more than it holds');
        }
        if (compression !== 0) throw fail(`its entry ${JSON.stringify(name)} is compressed`);
        if (lengths.has(name)) throw fail(`it holds ${JSON.stringify(name)} twice`);
        lengths.set(name, size);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof EffvitError) throw error;
    throw fail('it is damaged or cut short', error);
  }
  const entries = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [name, length] of lengths) {
    const content = Object.hasOwn(files, name) ? files[name] : undefined;
    if (content?.length !== length) throw fail(`its entry ${JSON.stringify(name)} is cut short`);
    // Copied, because typed arrays need aligned memory.
    entries.set(name, new Uint8Array(content));
  }
  return entries;
}
