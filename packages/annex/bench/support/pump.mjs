const WRITE_BYTES = 16_384;

/** Writes so many bytes in pieces of 16 KiB, each when the one before was taken. */
export async function pump(bytes, write) {
  const chunk = new Uint8Array(WRITE_BYTES).fill(0x5a);
  for (let sent = 0; sent < bytes; sent += WRITE_BYTES) await write(chunk);
}
