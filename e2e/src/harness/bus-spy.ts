import { anyUser } from "@holdfast/shared/bus/testing/test-bus";
import type { Installation } from "./installation.ts";
import type { PlantedSecret, WrittenText } from "./planted-secrets.ts";
import { openBusAs } from "./story-member.ts";
import { openVouching } from "./vouching.ts";

/** Who overhears the whole bus of an installation: only the holder of its account's key can. */
export interface BusSpy extends AsyncDisposable {
  /** All that was said so far; answers without the permissions that they are there to give. */
  readonly heard: () => readonly WrittenText[];
  /** Permissions that stood in the answers: tickets and task tokens, which belong there and nowhere else. */
  readonly permissions: () => readonly PlantedSecret[];
}

const permissionForms = [
  { what: "a ticket", form: /\/images\/([0-9a-f]{8}-[0-9a-f-]{27})/g },
  { what: "a task token", form: /(hft1\.[\w-]+\.[\w-]+\.[\w-]+)/g },
] as const;

const permissionsIn = (text: string): readonly PlantedSecret[] =>
  permissionForms.flatMap(({ what, form }) => [...text.matchAll(form)].map(([, value = ""]) => ({ what, value })));

const withoutPermissions = (text: string): string =>
  permissionForms.reduce((left, { form }) => left.replaceAll(form, ""), text);

/** Listens to every subject from now on. */
export const openBusSpy = async (installation: Installation): Promise<BusSpy> => {
  const vouching = await openVouching(installation.controllerDir);
  const busKey = await anyUser(vouching.installation.busSeeds);
  const identity = await vouching.identity("agent", "spy");
  const bus = await openBusAs(installation, { identity, busKey, ownerId: "spy" });
  const heard: WrittenText[] = [];
  const permissions = new Map<string, PlantedSecret>();
  const subscription = await bus.subscribe(">", { limit: 100_000 });
  const listening = (async () => {
    for await (const { subject, payload } of subscription) {
      const text = Buffer.from(payload).toString("latin1");
      const isAnswer = !subject.startsWith("hf.v1.");
      heard.push({ where: `bus ${subject}`, text: isAnswer ? withoutPermissions(text) : text });
      if (isAnswer) for (const one of permissionsIn(text)) permissions.set(one.value, one);
    }
  })();
  return {
    heard: () => heard,
    permissions: () => [...permissions.values()],
    [Symbol.asyncDispose]: async () => {
      await bus[Symbol.asyncDispose]();
      await listening;
    },
  };
};
