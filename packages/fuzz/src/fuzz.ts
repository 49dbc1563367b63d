import { createContext, Script } from "node:vm";
import { checkCase, Finding, type Outcome } from "./check-case.ts";
import { validMessages } from "./corpus.ts";
import { type Case, makeCase } from "./make-case.ts";
import { Random } from "./random.ts";
import { CountingVerifier } from "./counting-verifier.ts";
import type { Subject } from "./subject.ts";

/** A finding with all that it takes to see it again. */
export interface Report {
  readonly seed: number;
  readonly index: number;
  readonly finding: string;
  readonly input: Case;
}

/** What has been done so far. */
export interface Progress {
  readonly mutants: number;
  readonly outcomes: ReadonlyMap<string, number>;
}

/** A batch takes a fraction of a second; whatever takes this long hangs. */
const defaultTimeout = 20_000;
const batchSize = 256;

const valid = validMessages();

/** Mutant after mutant of one seed, in batches. */
export class Fuzzer {
  readonly #subject: Subject;
  readonly #seed: number;
  readonly #timeout: number;
  readonly #verifiers = [new CountingVerifier(false), new CountingVerifier(true)] as const;
  readonly #outcomes = new Map<string, number>();
  #index = 0;

  /** @param timeout - milliseconds after which a batch counts as hanging */
  constructor(subject: Subject, seed: number, timeout = defaultTimeout) {
    this.#subject = subject;
    this.#seed = seed;
    this.#timeout = timeout;
  }

  get progress(): Progress {
    return { mutants: this.#index, outcomes: this.#outcomes };
  }

  /** Checks the next mutants; the report of the first that shows a mistake ends the batch. */
  batch(): Report | undefined {
    const end = this.#index + batchSize;
    try {
      interruptible(this.#timeout, () => {
        for (; this.#index < end; this.#index++) {
          const outcome = this.#check(this.#index);
          this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
        }
      });
      return undefined;
    } catch (error) {
      return this.#report(error);
    }
  }

  /** Checks one mutant by its index. */
  only(index: number): Report | undefined {
    this.#index = index;
    try {
      interruptible(this.#timeout, () => this.#check(index));
      return undefined;
    } catch (error) {
      return this.#report(error);
    }
  }

  #case(index: number): Case {
    return makeCase(new Random(this.#seed, index), valid);
  }

  #check(index: number): Outcome {
    const verifiers = (verifyUnknownTypes: boolean) => this.#verifiers[verifyUnknownTypes ? 1 : 0];
    return checkCase(this.#subject, verifiers, this.#case(index));
  }

  #report(error: unknown): Report {
    const isTimeout = (error as { code?: unknown }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
    if (!isTimeout && !(error instanceof Finding)) throw error;
    const finding = isTimeout ? `no answer within ${this.#timeout} ms` : (error as Finding).message;
    return { seed: this.#seed, index: this.#index, finding, input: this.#case(this.#index) };
  }
}

/** Runs something synchronous that is stopped when it takes too long; only node:vm can do that. */
function interruptible(timeout: number, run: () => void): void {
  new Script("run()").runInContext(createContext({ run }), { timeout });
}
