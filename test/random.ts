/** Random numbers that come the same again from the same seed, so that a failed run can be repeated. */

export interface Random {
  /** At least 0, less than `limit`, whole. */
  below(limit: number): number;
  bytes(length: number): Buffer;
}

/** xorshift32 (Marsaglia 2003, "Xorshift RNGs"): plenty for delays and payloads. */
export function seeded(seed: number): Random {
  let state = seed | 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return {
    below: (limit) => next() % limit,
    bytes(length) {
      const bytes = Buffer.allocUnsafe(length);
      let at = 0;
      for (; at + 4 <= length; at += 4) bytes.writeUInt32LE(next(), at);
      for (; at < length; at++) bytes[at] = next() & 255;
      return bytes;
    },
  };
}
