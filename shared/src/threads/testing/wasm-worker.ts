import { stripTypeScriptTypes } from "node:module";

// Node strips types by WebAssembly that calls into JavaScript: here far more often than V8 waits before it compiles a wrapper.
for (let call = 0; call < 500; call += 1) stripTypeScriptTypes(`const a${call}: number = ${call};`);
