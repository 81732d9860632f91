/** The one tar writer: an archive of a single file (POSIX.1-1988 ustar), the same bytes every time. */

/**
 * Header, content, padding, two empty blocks. Owned by root, last changed in 1970.
 * @param name at most 100 bytes
 * @param mode the permission bits, e.g. 0o755 for a program
 */
export function tarOf(name: string, content: Buffer, mode = 0o644): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512), Buffer.alloc(1024)]);
}
