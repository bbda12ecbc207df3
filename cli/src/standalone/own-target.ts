import type { Target } from "../credentials.ts";
import type { Layout } from "./layout.ts";

/** How standalone itself speaks to its controller. */
export const targetOf = ({ controllerAddress, tokenFile, caFile }: Layout): Required<Target> => ({
  controller: controllerAddress,
  tokenFile,
  caFile,
});
