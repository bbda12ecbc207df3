import { createAccount, createOperator, createUser, decode, encodeUser, type KeyPair } from "nats-jwt";
import { expect, it } from "vitest";
import { openNKey } from "./nkey.ts";

const seedOf = (pair: KeyPair): string => new TextDecoder().decode(pair.getSeed());

it.each([
  ["operator", createOperator],
  ["account", createAccount],
  ["user", createUser],
])("an NKey of an %s has the forms and the signatures of the library's", (_kind, create) => {
  const theirs = create() as KeyPair;
  const ours = openNKey(seedOf(theirs));
  const input = Buffer.from("something to sign");

  expect(ours.getPublicKey()).toBe(theirs.getPublicKey());
  expect(Buffer.from(ours.getPrivateKey()).toString()).toBe(Buffer.from(theirs.getPrivateKey()).toString());
  expect(Buffer.from(ours.sign(input)).toString("hex")).toBe(Buffer.from(theirs.sign(input)).toString("hex"));
  expect(theirs.verify(input, ours.sign(input))).toBe(true);
});

it("a JWT that it signed is that of its account", async () => {
  const account = createAccount() as KeyPair;
  const user = createUser() as KeyPair;

  const jwt = await encodeUser("somebody", user.getPublicKey(), openNKey(seedOf(account)));

  expect(decode(jwt)).toMatchObject({ iss: account.getPublicKey(), sub: user.getPublicKey(), name: "somebody" });
});

it("a seed with a wrong letter is refused", () => {
  const seed = seedOf(createUser() as KeyPair);
  const wrong = `${seed.slice(0, 20)}${seed[20] === "A" ? "B" : "A"}${seed.slice(21)}`;

  expect(() => openNKey(wrong)).toThrow("checksum");
});
