import { extname } from "node:path";

/** The URL of a module beside the caller: `.ts` when running from source, `.js` when built. */
export const sibling = (meta: ImportMeta, name: string): URL => new URL(`./${name}${extname(meta.filename)}`, meta.url);
