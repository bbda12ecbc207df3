import { expect, test } from "vitest";

import { stripOvf } from "./saved-ovf.ts";

const item = (type: number, more = ""): string =>
  `<Item><rasd:Caption>c</rasd:Caption><rasd:ResourceType>${type}</rasd:ResourceType>${more}</Item>`;
const ovf = (body: string): string =>
  `<?xml version="1.0"?><ovf:Envelope xmlns:ovf="x"><References><File ovf:href="d/i" ovf:id="i"/><Nic ovf:id="n"/></References>` +
  `<Section xsi:type="ovf:DiskSection_Type"><Info>disks</Info><Disk ovf:diskId="i" ovf:boot="true"/></Section>` +
  `<Content ovf:id="out" xsi:type="ovf:VirtualSystem_Type">${body}</Content></ovf:Envelope>`;

test("disks, nics and snapshots are cut out, everything else stays as it was", () => {
  const cpu = item(3, "<rasd:num_of_sockets>2</rasd:num_of_sockets>");
  const snapshots =
    '<Section xsi:type="ovf:SnapshotsSection_Type"><Snapshot ovf:id="s"><Type>ACTIVE</Type></Snapshot></Section>';
  const name = "<Name>web &lt;Item&gt; 01</Name>";
  const stripped = stripOvf(ovf(`${name}${cpu}${item(17)}${item(10)}${item(4)}${snapshots}`));
  expect(stripped).toContain(name + cpu + item(4));
  expect(stripped).not.toMatch(/<File|<Disk |SnapshotsSection|ResourceType>17|ResourceType>10/);
  expect(stripped).toContain("DiskSection_Type");
  expect(stripOvf(stripped ?? "")).toBe(stripped);
});

test.each(["", "not xml", "<html/>", ovf("<![CDATA[<Item>]]>"), ovf("<!-- <Item> -->")])(
  "what cannot be cut safely is not used",
  (text) => {
    expect(stripOvf(text)).toBeUndefined();
  },
);
