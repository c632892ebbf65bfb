import { readFile } from 'node:fs/promises';
import { EffvitError } from '../core/EffvitError.js';
import { packagePath } from '../core/packageRoot.js';

/** An ImageNet class by its WordNet identifier, e.g. n01440764. */
const WNID = /^n\d{8}$/;

const IMAGENET_COUNT = 1000;

/**
 * The class index of each folder of a labelled set. @throws EffvitError BAD_ARGUMENT for a name that matches no class,
 * or several
 */
export type ClassOfFolder = (name: string) => number;

/**
 * Reads folder names as classes: an index by its value, a label or one of its synonyms, or ImageNet's WordNet
 * identifiers, whose sorted order is that of the classes (a leading background class shifts them by one).
 *
 * @param folders names of all folders of the set. If all are WordNet identifiers, as many as the model has classes,
 *   their own sorted order gives the classes.
 */
export async function classOfFolder(
  place: string,
  folders: readonly string[],
  labels: readonly string[],
): Promise<ClassOfFolder> {
  const wnids = folders.some((name) => WNID.test(name)) ? await wnidIndices(folders, labels) : new Map();
  return (name) => {
    if (/^\d+$/.test(name) && Number(name) < labels.length) return Number(name);
    const found = wnids.get(name) as number | undefined;
    if (found !== undefined) return found;
    const named = labelled(name, labels);
    const [only, another] = named;
    if (only !== undefined && another === undefined) return only;
    if (only !== undefined) {
      throw new EffvitError(
        'BAD_ARGUMENT',
        `${place}/${name} names more than one class: ${named.map((index) => `${index} (${labels[index]})`).join(' and ')}; call the folder by the index.`,
      );
    }
    const wnid = WNID.test(name) ? `, and ${labels.length} classes are not ImageNet's` : '';
    throw new EffvitError(
      'BAD_ARGUMENT',
      `${place}/${name} names no class of the model${wnid}: expected an index below ${labels.length}, a label such as "${labels[0]}", or ImageNet's n01440764.`,
    );
  };
}

async function wnidIndices(
  folders: readonly string[],
  labels: readonly string[],
): Promise<Map<string, number>> {
  const background = labels.length - IMAGENET_COUNT;
  if (background === 0 || background === 1) {
    const text = await readFile(packagePath('models', 'labels', 'imagenet1k_wnids.txt'), 'utf8');
    return new Map(
      text
        .trim()
        .split('\n')
        .map((wnid, index) => [wnid, index + background]),
    );
  }
  // A subset of ImageNet's classes, sorted as trainers do.
  const isWhole = folders.length === labels.length && folders.every((name) => WNID.test(name));
  return new Map(isWhole ? [...folders].sort().map((wnid, index) => [wnid, index]) : []);
}

/** Indices of the classes that match a name: by the whole label, or one of its synonyms ("tench, Tinca tinca"). */
function labelled(name: string, labels: readonly string[]): number[] {
  const wanted = plain(name);
  return labels.flatMap((label, index) => {
    // Labels that occur twice carry their index: "crane (134)".
    const names = [label, ...label.split(','), label.replace(/ \(\d+\)$/, '')];
    return names.some((one) => plain(one) === wanted) ? [index] : [];
  });
}

function plain(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
    .trim();
}
