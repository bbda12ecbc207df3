import type { AffinityLabel } from "../../model/affinity-label.ts";
import type { Resource } from "../resource.ts";
import { hrefOf, linksOf } from "./links.ts";

/** `/affinitylabels` */
export const affinityLabelResource = ({ id, name }: AffinityLabel): Resource => {
  const href = hrefOf("affinitylabels", id);
  return {
    element: "affinity_label",
    id,
    href,
    fields: { name, read_only: false, has_implicit_affinity_group: false },
    links: linksOf(href, ["vms", "hosts"]),
  };
};
