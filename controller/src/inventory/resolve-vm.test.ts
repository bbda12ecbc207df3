import { describe, expect, it } from "vitest";
import { testVm } from "../testing/scripted-engine.ts";
import { type ManagerVms, resolveVm } from "./resolve-vm.ts";

const managers: readonly ManagerVms[] = [
  { managerId: "m1", managerName: "east", vms: [testVm("web", "c1"), testVm("db", "c1")] },
  { managerId: "m2", managerName: "west", vms: [testVm("web", "c1", { id: "id-west-web" }), testVm("mail", "c1")] },
];

describe("a VM in an operator's words", () => {
  it("is found by id, by a name that only one has, and by manager and name", () => {
    expect(resolveVm("id-db", managers).vm.name).toBe("db");
    expect(resolveVm("mail", managers)).toMatchObject({ managerId: "m2" });
    expect(resolveVm("west/web", managers).vm.id).toBe("id-west-web");
  });

  it("is refused with every choice when several have the name", () => {
    expect(() => resolveVm("web", managers)).toThrow(
      "web names several VMs: east/web (id-web), west/web (id-west-web)",
    );
  });

  it("is refused when none has it", () => {
    expect(() => resolveVm("north/web", managers)).toThrow("no VM north/web");
  });
});
