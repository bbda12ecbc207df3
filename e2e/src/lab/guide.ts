import type { Addresses } from "../simulator/addresses.ts";
import { administrator, backupUser } from "./lab-config.ts";

const describe = ({ name, api, control, apiCaFile, imageioCaFile, hosts }: Addresses): string =>
  [
    name,
    `  API        ${api}`,
    `             its certificate is vouched for by ${apiCaFile}`,
    `  imageio    ${hosts.map((host) => `${host.name} on port ${host.imageioPort}`).join(", ")}`,
    `             vouched for by ${imageioCaFile}`,
    `  control    ${control}`,
  ].join("\n");

/** Commands to try, each a whole line of a shell; later ones use what earlier ones set. */
export const commandsToTry = ({ engine, api, control, apiCaFile }: Addresses): readonly string[] => [
  `ENGINE=${engine} API=${api} CONTROL=${control} CA=${apiCaFile}`,
  `TOKEN=$(curl -sS --fail --cacert $CA -H 'Accept: application/json' -d 'grant_type=password&scope=ovirt-app-api&username=${encodeURIComponent(backupUser.name)}&password=${backupUser.password}' $ENGINE/ovirt-engine/sso/oauth/token | jq -r .access_token)`,
  `ask() { curl -sS --fail-with-body --cacert $CA -H "Authorization: Bearer $TOKEN" -H "Accept: application/json" -H "Content-Type: application/json" "$@"; }`,
  `ask $API/vms | jq -r '.vm[] | [.name, .status, .id] | @tsv'`,
  `curl -sS --cacert $CA -H "Authorization: Bearer $TOKEN" -H "Accept: application/xml" "$API/vms?search=name%3Dweb&follow=disk_attachments.disk"`,
  `VM=$(ask "$API/vms?search=name%3Dweb" | jq -r '.vm[0].id'); DISK=$(ask $API/vms/$VM/diskattachments | jq -r '.disk_attachment[0].id')`,
  `BACKUP=$(ask $API/vms/$VM/backups -d "{\\"disks\\":{\\"disk\\":[{\\"id\\":\\"$DISK\\"}]}}" | jq -r .id)`,
  `until [ "$(ask $API/vms/$VM/backups/$BACKUP | jq -r .phase)" = ready ]; do sleep 0.2; done; ask $API/vms/$VM/backups/$BACKUP/disks | jq -r '.disk[] | [.alias, .backup_mode] | @tsv'`,
  `ask $API/vms/$VM/backups/$BACKUP/finalize -d '{}'; ask "$API/events?search=$BACKUP" | jq -r '.event[].description'`,
  `curl -sS --fail $CONTROL/rules -d '{"match":{"call":"GET /clusters"},"which":{"nth":1},"what":{"kind":"status","status":503,"as":"html"}}'`,
  `ask $API/clusters || ask $API/clusters | jq -r '.cluster[].name'`,
  `curl -sS --fail $CONTROL/leftovers | jq '{vms: [.vms[].name], tickets}'`,
];

/** What is printed when both Managers serve. */
export const guideOf = (managers: readonly Addresses[]): string => {
  const [first] = managers;
  return [
    "Two simulated oVirt Managers with hosts, imageio and real QEMU disks:",
    "",
    ...managers.map(describe),
    "",
    `Users of both: ${administrator.name} (may do everything) and ${backupUser.name} (what a backup and a restore need); password ${administrator.password}.`,
    "",
    "To try, in another shell:",
    "",
    ...(first === undefined ? [] : commandsToTry(first).map((line) => `    ${line}`)),
    "",
    "What the Managers can do: e2e/src/simulator/README.md; how to make things go wrong: e2e/src/simulator/CONTROL.md.",
    "Press Ctrl-C to end: nothing stays behind.",
  ].join("\n");
};
