// A module that calls an imported function of JavaScript, far more often than V8 waits before it compiles a wrapper:
// (module (import "m" "f" (func)) (func (export "run") call 0))
const wasm = Buffer.from(
  "0061736d01000000010401600000020701016d01660000030201000707010372756e00010a0601040010000b",
  "hex",
);

const { instance } = await WebAssembly.instantiate(wasm, { m: { f: () => undefined } });
const { run } = instance.exports;
if (typeof run !== "function") throw new Error("the module exports no function");
for (let call = 0; call < 10_000; call += 1) run();
