/** Numbers by which an OVF's hardware items say what they are. */
const diskResource = "17";
const nicResource = "10";

const sections = {
  item: /<Item\b[^>]*>.*?<\/Item>/gs,
  disk: /<Disk\b[^>]*?(?:\/>|>.*?<\/Disk>)/gs,
  file: /<File\b[^>]*?(?:\/>|>.*?<\/File>)/gs,
  snapshots: /<Section\b[^>]*xsi:type="ovf:SnapshotsSection_Type"[^>]*>.*?<\/Section>/gs,
};

/**
 * An engine's OVF without disks, NICs and snapshots, so that an import makes a bare VM: disks are attached and NICs added one
 * by one, where what is wrong is an answer and not an event. Undefined when the text is not an OVF that can be cut safely.
 *
 * Engines escape every `<` in names and descriptions, so the tags are where they seem to be; a CDATA part or a comment could
 * break that, and such an OVF is not cut.
 */
export const stripOvf = (ovf: string): string | undefined => {
  if (!/<(?:ovf:)?Envelope\b/.test(ovf) || ovf.includes("<![CDATA[") || ovf.includes("<!--")) return undefined;
  const isStripped = (item: string): boolean => {
    const type = /<rasd:ResourceType>\s*(\d+)\s*<\/rasd:ResourceType>/.exec(item)?.[1];
    return type === diskResource || type === nicResource;
  };
  return ovf
    .replaceAll(sections.item, (item) => (isStripped(item) ? "" : item))
    .replaceAll(sections.disk, "")
    .replaceAll(sections.file, "")
    .replaceAll(sections.snapshots, "");
};
