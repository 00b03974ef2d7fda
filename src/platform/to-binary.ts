/**
 * Bytes as text of one character for each: head and body go out in one piece as text, where bytes behind text would
 * be two writes.
 */
export function toBinary({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1')
}
