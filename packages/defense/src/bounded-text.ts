/** The text, or as much of its beginning as is to be kept. Put together anew, because a slice keeps all of a long text alive. */
export function boundedText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  const codes = Array.from({ length: lengthMax }, (_, index) => text.charCodeAt(index));
  return String.fromCharCode(...codes);
}
