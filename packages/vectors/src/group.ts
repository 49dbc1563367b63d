/** What a flag says about its cases, after the model of C2SP/wycheproof. */
export interface Flag {
  readonly bugType: string;
  readonly description: string;
  /** What an implementation that has the bug gives away. */
  readonly effect: string;
}

/** Everything in a file but its cases. */
export interface Head {
  /** Decides the schema, and what runs the cases. */
  readonly group: string;
  readonly header: string;
  readonly notes: Readonly<Record<string, Flag>>;
  /** JWKs of the fixed keys, so that others can make cases of their own. */
  readonly keys: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What every case says of itself. */
export interface About {
  /** A name that docs/register/requirements.md uses. */
  readonly name?: string;
  readonly comment: string;
  /** Names of notes, with spaces between. */
  readonly flags: string;
  /** Rows of docs/register/requirements.md and docs/register/decisions.md that the case shows, with spaces between. */
  readonly requirements: string;
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type Fields = Readonly<Record<string, Json>>;

/** One file of vectors. Cases are numbered from a number of the file's own, so that a number names a case. */
export class Group {
  readonly #head: Head;
  readonly #cases: Fields[] = [];
  readonly #first: number;

  constructor(first: number, head: Head) {
    this.#first = first;
    this.#head = head;
  }

  /** `expected` is what a verifier establishes. */
  valid(about: About, inputs: Fields, expected: Fields): void {
    this.#add(about, inputs, { result: "valid", expected });
  }

  /** `failure` is how it fails: a code of ours, or an alert. */
  invalid(about: About, inputs: Fields, failure: Fields): void {
    this.#add(about, inputs, { result: "invalid", ...failure });
  }

  #add(about: About, inputs: Fields, outcome: Fields): void {
    const { name, comment } = about;
    const flags = words(about.flags);
    const requirements = words(about.requirements);
    for (const flag of flags) {
      if (!(flag in this.#head.notes)) throw new Error(`${comment}: no note explains ${flag}`);
    }
    this.#cases.push({
      tcId: this.#first + this.#cases.length,
      ...(name === undefined ? {} : { name }),
      ...{ comment, flags, requirements },
      ...inputs,
      ...outcome,
    });
  }

  toJson(): Json {
    const { group, header, notes, keys } = this.#head;
    return {
      $schema: `schemas/${group}.schema.json`,
      group,
      header,
      numberOfTests: this.#cases.length,
      notes: notes as unknown as Json,
      keys,
      tests: this.#cases,
    };
  }
}

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}
