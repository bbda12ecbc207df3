import { expect, test } from "vitest";

import { readCloudConfig } from "./cloud-config.ts";

test("files and commands are read in both of their forms", () => {
  const { files, commands } = readCloudConfig(`
write_files:
  - path: /etc/one
    permissions: "0600"
    content: |
      a: 1
  - { path: /etc/two, encoding: b64, content: aGk= }
runcmd:
  - [systemctl, enable, --now, holdfast-agent.service]
  - systemctl start holdfast-agent
users: [default]
`);
  expect(files.map(({ path, content, mode }) => [path, content.toString(), mode])).toEqual([
    ["/etc/one", "a: 1\n", 0o600],
    ["/etc/two", "hi", 0o644],
  ]);
  expect(commands).toEqual([
    ["systemctl", "enable", "--now", "holdfast-agent.service"],
    ["systemctl", "start", "holdfast-agent"],
  ]);
});

test("an empty script asks for nothing", () => {
  expect(readCloudConfig("")).toEqual({ files: [], commands: [] });
});

test.each(["write_files: [", "write_files: [{ path: relative, content: secret-word }]"])(
  "what is wrong is told without quoting it: %s",
  (script) => {
    expect(() => readCloudConfig(script)).toThrow(/^the custom script (?!.*secret-word)/);
  },
);
