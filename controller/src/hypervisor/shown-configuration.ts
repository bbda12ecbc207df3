/** What stands in place of a text that may be secret. */
const mask = "(kept, not shown)";

/** A saved configuration as operators are shown it: of the guest's initialization the names alone (R12). What is no configuration is shown empty. */
export const shownConfiguration = (configurationJson: string): string => {
  if (configurationJson === "") return "";
  try {
    return JSON.stringify(JSON.parse(configurationJson), hide);
  } catch {
    return "";
  }
};

const hide = (key: string, value: unknown): unknown => {
  if (key !== "initialization" || typeof value !== "object" || value === null) return value;
  const { texts } = value as { readonly texts?: object };
  return { ...value, texts: Object.fromEntries(Object.keys(texts ?? {}).map((name) => [name, mask])) };
};

/** A saved OVF as operators are shown it: without what the guest is told at its first start. */
export const shownOvf = (ovf: string): string =>
  ovf.replaceAll(/<VmInit\b[^>]*?\/>|<VmInit\b[^>]*>.*?<\/VmInit>/gs, "<VmInit/>");
