/** Lists whose name is not the singular with an s. */
const irregular: Readonly<Record<string, string>> = {
  property: "properties",
  scheduling_policy: "scheduling_policies",
};

/** Name of the list of elements: what wraps them inside an entity, and the root of their collection in XML. */
export const pluralOf = (element: string): string => irregular[element] ?? `${element}s`;
