const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const blank = "00000000-0000-0000-0000-000000000000";

/** What a run cannot know beforehand, and what stands in its place: values of the same form. */
const replacements: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d{2}-\d{2}T[\d:.]+[+-]\d{2}:\d{2}/g, "2026-01-01T00:00:00.000+00:00"],
  // Dates of an OVF.
  [/\b\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}\b/g, "2026/01/01 00:00:00"],
  [/\b1[6-9]\d{11}\b/g, "1767225600000"],
  [/(?<=transfer_url(?:>|": ?")https:\/\/[\d.]+:)\d+/g, "54322"],
  [/(?<=proxy_url(?:>|": ?")https:\/\/[\d.]+:)\d+/g, "54323"],
  [/(?<=(?:actual_size|total_size|used|available|committed)(?:>|": ?"))\d+/g, "65536"],
  [/(?<="access_token": ?")[^"]*/g, "TOKEN"],
  [/(?<="unix_socket": ?")[^"]*/g, "\\u0000/org/ovirt/imageio"],
];

/** Puts what is different in each run in a form that is the same in all: ids are counted in the order they come up in. */
export const createNormaliser = (): ((text: string) => string) => {
  const ids = new Map<string, string>([[blank, blank]]);
  const idOf = (id: string): string => {
    const known = ids.get(id) ?? `00000000-0000-4000-8000-${String(ids.size).padStart(12, "0")}`;
    ids.set(id, known);
    return known;
  };
  return (text) =>
    replacements.reduce((done, [pattern, instead]) => done.replaceAll(pattern, instead), text).replaceAll(uuid, idOf);
};
