/** Decodes one LZ4 block (the format's codec 3, behind its length) of exactly `plainLength` bytes; throws when it is anything else. */
export const decodeLz4Block = (block: Buffer, plainLength: number): Buffer => {
  const plain = Buffer.alloc(plainLength);
  let from = 0;
  let to = 0;
  const next = (): number => {
    const byte = block[from];
    if (byte === undefined) throw new Error("an LZ4 block ends early");
    from += 1;
    return byte;
  };
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble < 15) return total;
    for (let byte = 255; byte === 255; total += byte) byte = next();
    return total;
  };
  while (from < block.length) {
    const token = next();
    const literals = length(token >> 4);
    if (from + literals > block.length || to + literals > plainLength) throw new Error("LZ4 literals run over");
    to += block.copy(plain, to, from, from + literals);
    from += literals;
    if (from === block.length) break;
    const offset = next() | (next() << 8);
    const match = length(token & 15) + 4;
    if (offset === 0 || offset > to || to + match > plainLength) throw new Error("an LZ4 match points outside");
    // Byte by byte: a match may overlap what it makes.
    for (let end = to + match; to < end; to += 1) plain[to] = plain[to - offset] ?? 0;
  }
  if (to !== plainLength) throw new Error("an LZ4 block gives fewer bytes than it should");
  return plain;
};
