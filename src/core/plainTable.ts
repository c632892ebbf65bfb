import Table from 'cli-table3';

/**
 * A table without colours, so that it looks the same in a file.
 *
 * @param left The columns that are aligned to the left, from 0; the others are numbers.
 */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  left: readonly number[] = [0],
): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true },
    colAligns: head.map((_, column) => (left.includes(column) ? 'left' : 'right')),
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}
