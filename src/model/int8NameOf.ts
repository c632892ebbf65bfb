/** Of a manifest's name. */
const LONGEST_NAME = 64;

/** What `effvit quantize` calls the int8 model that it makes of one. */
export function int8NameOf(name: string): string {
  return `${name}_int8`.slice(0, LONGEST_NAME);
}
