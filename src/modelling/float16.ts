const bits = new DataView(new ArrayBuffer(8));

/** The number that an IEEE 754 binary16 bit pattern stands for. */
export function float16ToNumber(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 0x1f;
  const fraction = pattern & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest binary16 bit pattern, ties to even; beyond 65504 (rounded) it is infinity. */
export function numberToFloat16(value: number): number {
  bits.setFloat64(0, value);
  const sign = (bits.getUint8(0) & 0x80) << 8;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below 2^-14 the step is constant (subnormals); above, it is 2^-10 of the power of two below the value.
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude)));
  const scale = 2 ** (10 - exponent);
  const rounded = roundHalfEven(magnitude * scale);
  // A carry into the next power of two lands on the right pattern by plain addition.
  return sign | (exponent === -14 ? rounded : ((exponent + 15) << 10) + (rounded - 1024));
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Bit patterns of binary16 as float32; exact. */
export function float16ToFloat32(patterns: Uint16Array): Float32Array {
  const table = float16Table();
  const out = new Float32Array(patterns.length);
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

/** float32 values as binary16 bit patterns, each rounded to nearest even. */
export function float32ToFloat16(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, numberToFloat16);
}

/** Bit patterns of bfloat16 (the upper half of a float32) as float32; exact. */
export function bfloat16ToFloat32(patterns: Uint16Array): Float32Array {
  const out = new Uint32Array(patterns.length);
  for (let i = 0; i < patterns.length; i++) out[i] = (patterns[i] as number) * 65536;
  return new Float32Array(out.buffer);
}
