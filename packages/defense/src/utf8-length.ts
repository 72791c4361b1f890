/**
 * Whether the string's UTF-8 form has at most `bytesMax` bytes, without making it. A lone surrogate counts as the three
 * bytes of U+FFFD, which `TextEncoder` writes for it. The work is bounded by `bytesMax` and not by the string.
 */
export function fitsUtf8(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return false;
  if (text.length * 3 <= bytesMax) return true;
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    // A pair takes four bytes: its first unit adds two to the two units counted already, its second nothing.
    bytes += unit < 0x800 ? 1 : 2;
    if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(at + 1))) at += 1;
    if (bytes > bytesMax) return false;
  }
  return bytes <= bytesMax;
}

/** Whether a code unit must be followed by a low surrogate. */
export function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

/** Whether a code unit must follow a high surrogate. */
export function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
