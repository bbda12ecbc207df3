import { z } from "zod";

/** What a container file copies out of its build context. */
export const containerSources = (text: string): readonly string[] =>
  instructions(text, /^(?:COPY|ADD)\s+(.+)$/).flatMap((rest) => {
    const words = rest.split(/\s+/).filter((word) => !word.startsWith("--"));
    return words.slice(0, -1);
  });

/** The images that it starts from, with the defaults of its arguments put in. */
export const imagesBuiltFrom = (text: string): readonly string[] => {
  const defaults = new Map(instructions(text, /^ARG\s+(\w+=.+)$/).map((pair) => splitOnce(pair)));
  return instructions(text, /^FROM\s+(\S+)/).map((image) =>
    image.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => defaults.get(name) ?? whole),
  );
};

/** The words of its start command, in the form that needs no shell. */
export const entryPointOf = (text: string): readonly string[] => {
  const [list = "[]"] = instructions(text, /^ENTRYPOINT\s+(\[.+\])$/);
  return z.array(z.string()).parse(JSON.parse(list));
};

const instructions = (text: string, form: RegExp): readonly string[] =>
  text.split("\n").flatMap((line) => form.exec(line)?.[1] ?? []);

const splitOnce = (pair: string): readonly [string, string] => {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), pair.slice(at + 1)];
};
