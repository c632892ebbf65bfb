/** The Emscripten module below the package's own entry, which has no types. */
declare module '@foxglove/wasm-lz4/dist/wasm-lz4.js' {
  export interface WasmLz4 {
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _createDecompressionContext(): number;
    /** The size of the content, or -1. */
    _decompressFrame(context: number, to: number, toBytes: number, from: number, fromBytes: number): number;
  }
  export default function load(): Promise<WasmLz4>;
}
