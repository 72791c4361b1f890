/** The earlier of two deadlines of a machine's parts, undefined for never. They are asked for at every input: no array is made for them. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined || a <= b ? a : b;
}
