/** The earlier of two times, where undefined stands for never. Deadlines are asked for at every record: no array is made for them. */
export function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined || a <= b ? a : b;
}
