/** Longest name of a peer or sender: four times a node id. Longer ones are refused, since maps keep them. */
export const NAME_LENGTH_MAX = 256;

/** Whether it can be a peer's or sender's name: a string of 1 to 256 UTF-16 units. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= NAME_LENGTH_MAX;
}

/**
 * The same text in memory of its own. A piece cut out of a message keeps the whole message alive in V8, so that a map of
 * short texts could hold megabytes for each. Only for texts whose length was checked.
 */
export function keptText(text: string): string {
  const units: number[] = [];
  for (let index = 0; index < text.length; index += 1) units.push(text.charCodeAt(index));
  return String.fromCharCode(...units);
}
