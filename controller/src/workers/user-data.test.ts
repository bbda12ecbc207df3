import { expect, test } from "vitest";
import { parse } from "yaml";
import { testDefinition } from "../testing/open-worker-bench.ts";
import { writeUserData } from "./user-data.ts";

const request = {
  definition: testDefinition({ name: "holdfast-worker-1" }),
  managerName: "prod",
  clusterName: "Default",
  joinToken: "hfj1.eyJpZCI6Im9uZSJ9",
};

test("user data is, byte for byte, the body of a cloud-config that an agent's image boots with", () => {
  expect(writeUserData(request)).toBe(`write_files:
  - path: /etc/holdfast/agent.yaml
    owner: root:root
    permissions: "0600"
    content: |
      name: holdfast-worker-1
      dataDir: /var/lib/holdfast/agent
      manager: prod
      cluster: Default
      slots: 4
      memoryBudgetBytes: 1073741824
      diskService:
        listen: ""
      joinToken: hfj1.eyJpZCI6Im9uZSJ9
runcmd:
  - - systemctl
    - enable
    - --now
    - holdfast-agent.service
`);
});

test("names that mean something in YAML, and long tokens, come through as they are", () => {
  const odd = { ...request, managerName: "yes", clusterName: "a: b # c", joinToken: `hfj1.${"x".repeat(4_000)}` };
  const [file] = (parse(writeUserData(odd)) as { write_files: { content: string; permissions: unknown }[] })
    .write_files;
  expect(file?.permissions).toBe("0600");
  expect(parse(file?.content ?? "")).toMatchObject({
    manager: "yes",
    cluster: "a: b # c",
    joinToken: odd.joinToken,
  });
});
