/** One call as it went over the wire, without what is the same in all of them. */
export interface Exchange {
  readonly request: { readonly method: string; readonly path: string; readonly body?: string };
  readonly response: { readonly status: number; readonly contentType: string; readonly body: string };
}

/** What flows read of an answer, whichever representation it came in. */
export interface Seen {
  readonly id: string;
  /** Text of an element inside, such as `host.id` or `phase`. */
  text(path: string): string | undefined;
  /** Rows of a list. */
  items(): readonly Seen[];
}

/** A client as an SDK has it: typed roots, strict about answers. */
export interface FlowClient {
  readonly exchanges: readonly Exchange[];
  /** Both answer what single sign-on said, which is JSON whatever the API speaks. */
  login(): Promise<string>;
  logout(): Promise<string>;
  /** Reads an entity or list whose root is this one; undefined when there is none. */
  get(path: string, root: string): Promise<Seen | undefined>;
  add(path: string, root: string, tree: unknown): Promise<Seen>;
  /** Posts what is to be refused; answers the detail of the fault. */
  refused(path: string, root: string, tree: unknown): Promise<string>;
  act(path: string): Promise<void>;
  remove(path: string): Promise<void>;
}
