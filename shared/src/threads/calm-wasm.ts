import { setFlagsFromString } from "node:v8";

/** Calls from WebAssembly into JavaScript before V8 would compile a wrapper of its own for them: never. The largest of the flag. */
const never = 2 ** 31 - 1;

/**
 * Keeps V8 from compiling wrappers for calls from WebAssembly into JavaScript, for WebAssembly that is loaded from now on.
 * Such wrappers are shared by all threads of a process, and in the V8 of Node 24 (13.6) a thread that compiles one after
 * another that used it has ended touches freed memory: SIGSEGV in `Runtime_TierUpWasmToJSWrapper`, seen in a process
 * whose threads came and went. HTTP clients parse by WebAssembly, so lanes are such threads. Without a wrapper of their
 * own the calls go through the general one, which no measurement could tell apart.
 */
export const calmWasm = (): void => {
  setFlagsFromString(`--wasm-wrapper-tiering-budget=${never}`);
};
